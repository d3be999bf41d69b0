"""How a member's logit changes when a part of the sound is taken out.

Occlusion after Zeiler & Fergus 2014 (ECCV). What counts as absent: as quiet as the quietest fifth of the same beats in
the same band, which is what the recording has where the heart says nothing. So a part is only ever made quieter, one
that is silent already changes nothing, and a murmur taken out leaves the beat it was laid over. A median over the beat
would not do: with a murmur in systole most of the beat is loud.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from ml.dsp.quantiles import quantiles
from ml.inference.members import (
    InputOf,
    LoadedMember,
    Prepared,
    beat_picture_input,
    mel_config,
    peak_picture_input,
    phase_feature_input,
    recording_mel_power,
)

if TYPE_CHECKING:
    from ml.dsp.beat_spectrum import BeatSpectrum
    from ml.dsp.cycles import Cycle
    from ml.dsp.mel_windows import MelWindowConfig

PHASES = ("S1", "systole", "S2", "diastole")  # the states 0..3 of ml.dsp.segmentation
BANDS_HZ = ((25.0, 80.0), (80.0, 200.0), (200.0, 500.0))
PARTS = tuple((phase, *band) for phase, band in product(PHASES, BANDS_HZ))
N_HIDDEN = len(PARTS) + len(PHASES)  # parts, then whole phases at all frequencies
QUIET_SHARE = 0.2
MAX_WINDOWS = 2  # windows explained; more of the same recording cost time and say the same
MAX_BEATS = 8  # each costs the beat networks one more beat to look at
# One occlusion serves all members made from beats: what each kind of input reads of a BeatOcclusion.
MADE_OF_BEATS: dict[InputOf, str] = {
    beat_picture_input: "pictures",
    peak_picture_input: "peak_pictures",
    phase_feature_input: "features",
}
LEAST_OF_A_BEAT_S = 0.2  # inside a window, for the beat to be taken out there


class MelOcclusion:
    """One recording's mel windows, changed copies of them, and what a network's answers to those say."""

    def __init__(self, prepared: Prepared, config: MelWindowConfig) -> None:
        from ml.dsp.mel import hz_to_mel, mel_to_hz
        from ml.dsp.mel_windows import window_starts

        self.config = config
        power = recording_mel_power(prepared, config)
        n_frames = config.window_frames
        starts = window_starts(len(power), config)
        chosen = starts[np.unique(np.linspace(0, len(starts) - 1, MAX_WINDOWS).round().astype(int))]
        if len(power) < n_frames:
            chosen, n_frames = np.zeros(1, dtype=int), len(power)
        self.windows = np.stack([power[start : start + n_frames] for start in chosen])
        self.frame_times_s = (chosen[:, None] + np.arange(n_frames)) * config.hop / config.fs_hz
        self.centres_hz = mel_to_hz(
            np.linspace(hz_to_mel(config.low_hz), hz_to_mel(config.high_hz), config.n_mels + 2)
        )[1:-1]
        parts = self._without_parts(prepared.segmentation.states)
        beats, self.owners, self.spans_s = self._without_beats(prepared.segmentation.cycles)
        self.n_parts = len(parts)
        self.batch = self._input_of(np.concatenate([self.windows, parts, *beats]))

    @classmethod
    def of(cls, prepared: Prepared, member: LoadedMember) -> MelOcclusion:
        """The one that all networks with windows of this geometry share."""
        config = mel_config(member.member.config)
        return prepared.once(("occlusion", config), lambda: cls(prepared, config))

    def changes(self, member: LoadedMember) -> tuple[np.ndarray, np.ndarray]:
        """Change of `member`'s logit without each of `PARTS` and each of `PHASES` (N_HIDDEN,), and without each of
        the beats in `spans_s`."""
        whole, parts, beats = np.split(
            member.logits(self.batch), np.cumsum((len(self.windows), self.n_parts))
        )
        by_part = (parts.reshape(N_HIDDEN, -1) - whole).mean(axis=1)
        by_beat = np.zeros(len(self.spans_s))
        for (beat, window), logit in zip(self.owners, beats, strict=True):
            by_beat[beat] += (logit - whole[window]) / len(self.windows)
        return by_part, by_beat

    def _without_parts(self, states: np.ndarray) -> np.ndarray:
        from ml.dsp.segmentation_features import FRAME_RATE_HZ

        state = states[np.clip((self.frame_times_s * FRAME_RATE_HZ).astype(int), 0, states.size - 1)]
        quiet = np.minimum(self.windows, np.quantile(self.windows, QUIET_SHARE, axis=1, keepdims=True))
        return np.concatenate(
            [np.where(mask, quiet, self.windows) for mask in hidden_masks(state, self.centres_hz)]
        )

    def _without_beats(
        self, cycles: Sequence[Cycle]
    ) -> tuple[list[np.ndarray], list[tuple[int, int]], list[tuple[float, float]]]:
        """Changed windows, the beat and window each belongs to, and where the beats lie: at most `MAX_BEATS`."""
        pieces: list[np.ndarray] = []
        owners: list[tuple[int, int]] = []
        spans_s: list[tuple[float, float]] = []
        frame_s = self.config.hop / self.config.fs_hz
        # Of a whole beat the usual is put in its place: the floor would make a pause of it.
        usual = np.median(self.windows, axis=1, keepdims=True)
        for cycle in cycles:
            inside = (self.frame_times_s >= cycle.s1_s) & (self.frame_times_s < cycle.end_s)
            touched = np.flatnonzero(inside.sum(axis=1) * frame_s > LEAST_OF_A_BEAT_S)
            if touched.size and len(spans_s) < MAX_BEATS:
                pieces.append(np.where(inside[..., None], usual, self.windows)[touched])
                owners += [(len(spans_s), int(window)) for window in touched]
                spans_s.append((cycle.s1_s, cycle.end_s))
        return pieces, owners, spans_s

    def _input_of(self, windows: np.ndarray) -> np.ndarray:
        from ml.dsp.mel_windows import normalise_windows

        batch = normalise_windows(windows.astype(np.float32, copy=False), self.config)
        missing = self.config.window_frames - batch.shape[1]
        if missing > 0:
            batch = np.pad(batch, ((0, 0), (missing // 2, missing - missing // 2), (0, 0)))
        return batch[..., None]


class BeatOcclusion:
    """One recording's beats without parts of them, and without each of the first beats, as every member made from
    beats sees them: the average pictures and the row of phase features."""

    def __init__(self, spectrum: BeatSpectrum) -> None:
        from ml.dsp.beat_image import PHASE_BINS, beat_stack, mel_beat_stack
        from ml.dsp.beat_spectrum import SPECTRUM_RATE_HZ, band_centres_hz, mel_centres_hz, quick_centres_hz
        from ml.dsp.cycles import cycle_edges_s
        from ml.dsp.peak_picture import moment_phases, peak_stack

        self.stack, self.mel_stack = beat_stack(spectrum), mel_beat_stack(spectrum)
        self.peak_stack = peak_stack(spectrum)
        self.edges_s = cycle_edges_s(spectrum.cycles)
        # The only beat cannot be left out.
        n_beats = min(len(self.stack), MAX_BEATS) if len(self.stack) > 1 else 0
        # Of a cycle that the recording cuts, what lies inside it.
        end_s = len(spectrum.log_power) / SPECTRUM_RATE_HZ
        self.spans_s = [(max(c.s1_s, 0.0), min(c.end_s, end_s)) for c in spectrum.cycles[:n_beats]]
        place = np.arange(max(len(self.stack) - 1, 0))[:, None]
        self.others = place + (place >= np.arange(n_beats))  # (n_cycles - 1, n_beats): the cycles that stay
        phases = np.repeat(np.arange(len(PHASES)), PHASE_BINS)
        self.change = _change(self.stack, phases, band_centres_hz())
        self.mel_change = _change(self.mel_stack, phases, mel_centres_hz())
        self.peak_change = _change(self.peak_stack, moment_phases(spectrum), quick_centres_hz())

    @classmethod
    def of(cls, prepared: Prepared) -> BeatOcclusion | None:
        """The one that all members made from beats share; None where no beat was found."""
        spectrum = prepared.beat_spectrum
        return None if spectrum is None else prepared.once("beat occlusion", lambda: cls(spectrum))

    @cached_property
    def pictures(self) -> np.ndarray:
        """(1 + N_HIDDEN + n_beats, *pictures_shape()): the whole, without each part, without each beat."""
        of_both = self._images(self.stack, self.change), self._images(self.mel_stack, self.mel_change)
        return np.concatenate(of_both, axis=-1)

    @cached_property
    def peak_pictures(self) -> np.ndarray:
        """(1 + N_HIDDEN + n_beats, *peak_shape()), as `pictures`."""
        return self._images(self.peak_stack, self.peak_change)

    def _images(self, stack: np.ndarray, change: np.ndarray) -> np.ndarray:
        """A level that falls alike in every cycle falls as far in every quantile: the changes need no new sorting."""
        from ml.dsp.beat_image import image_of_stack

        whole = image_of_stack(stack)[None]
        without_beats = [image_of_stack(stack[self.others])] if self.spans_s else []
        return np.concatenate([whole, whole + image_of_stack(change), *without_beats])

    @cached_property
    def features(self) -> np.ndarray:
        """(1 + N_HIDDEN + n_beats, n_features), as `pictures`. Taking out sound moves no interval."""
        from ml.dsp.phase_features import interval_features, level_features, phase_levels

        levels = phase_levels(self.stack)
        level = level_features(levels)[None]
        rows = [level, level + level_features(phase_levels(self.change))]
        intervals = [np.tile(interval_features(self.edges_s), (1 + N_HIDDEN, 1))]
        if self.spans_s:
            rows.append(level_features(levels[self.others]))
            intervals.append(interval_features(self.edges_s[self.others]))
        return np.concatenate([np.concatenate(rows), np.concatenate(intervals)], axis=1)

    def changes(self, member: LoadedMember) -> tuple[np.ndarray, np.ndarray]:
        """Change of `member`'s logit without each of `PARTS` and each of `PHASES` (N_HIDDEN,), and without each of
        the beats in `spans_s`."""
        logits = member.logits(getattr(self, MADE_OF_BEATS[member.input_of]))
        by_part, by_beat = np.split(logits[1:] - logits[0], [N_HIDDEN])
        return by_part, by_beat


def _change(stack: np.ndarray, phases: np.ndarray, centres_hz: np.ndarray) -> np.ndarray:
    """What hiding each part does to a cycle, the same to every one: an axis of one for cycles, then as the excess."""
    return -excess_of_parts(stack, phases, centres_hz)[None]


def excess_of_parts(stack: np.ndarray, phases: np.ndarray, centres_hz: np.ndarray) -> np.ndarray:
    """How far each part lies above the quiet of its band: float32 (N_HIDDEN, n_columns, n_bands), 0 outside the part.

    stack : (n_cycles, n_columns, n_bands), log power in bands around `centres_hz`. phases : (n_columns,), the phase
    that each column lies in.
    """
    usual = quantiles(stack, 0.5)[0]
    excess = np.maximum(usual - quantiles(usual, QUIET_SHARE)[0], 0)
    masks = hidden_masks(phases, centres_hz)
    return np.stack([np.where(mask, excess, np.float32(0)) for mask in masks])


def hidden_masks(state: np.ndarray, centres_hz: np.ndarray) -> list[np.ndarray]:
    """For each of `PARTS`, then each of `PHASES`: where it lies, (..., n_bands), given the states (...) of frames."""
    everywhere = np.ones(centres_hz.size, dtype=bool)
    in_bands = [in_band(centres_hz, low_hz, high_hz) for low_hz, high_hz in BANDS_HZ]
    chosen = [*product(range(len(PHASES)), in_bands), *((phase, everywhere) for phase in range(len(PHASES)))]
    return [(state == phase)[..., None] & bands for phase, bands in chosen]


def in_band(centres_hz: np.ndarray, low_hz: float, high_hz: float) -> np.ndarray:
    """Which bands have their centre in [low_hz, high_hz)."""
    return (centres_hz >= low_hz) & (centres_hz < high_hz)
