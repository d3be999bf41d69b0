"""How a network's logit changes when a part of the sound is taken out.

Occlusion after Zeiler & Fergus 2014 (ECCV), on a network's own input. A part is taken out by putting each band's median
in its place, so that nothing happens there.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from ml.inference.members import LoadedMember, Prepared, mel_config, recording_mel_power

if TYPE_CHECKING:
    from ml.dsp.beat_spectrum import BeatSpectrum
    from ml.dsp.mel_windows import MelWindowConfig
    from ml.dsp.segmentation import Cycle

PHASES = ("S1", "systole", "S2", "diastole")  # the states 0..3 of ml.dsp.segmentation
BANDS_HZ = ((25.0, 80.0), (80.0, 200.0), (200.0, 500.0))
PARTS = tuple((phase, *band) for phase, band in product(PHASES, BANDS_HZ))
MAX_WINDOWS = 2  # windows explained; more of the same recording cost time and say the same
MAX_BEATS = 12
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
        self.quiet = np.median(self.windows, axis=1, keepdims=True)
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
        """Change of `member`'s logit without each of `PARTS` (n_parts,), and without each of the beats in
        `spans_s`."""
        whole, parts, beats = np.split(
            member.logits(self.batch), np.cumsum((len(self.windows), self.n_parts))
        )
        by_part = (parts.reshape(len(PARTS), -1) - whole).mean(axis=1)
        by_beat = np.zeros(len(self.spans_s))
        for (beat, window), logit in zip(self.owners, beats, strict=True):
            by_beat[beat] += (logit - whole[window]) / len(self.windows)
        return by_part, by_beat

    def _without_parts(self, states: np.ndarray) -> np.ndarray:
        from ml.dsp.segmentation_features import FRAME_RATE_HZ

        state = states[np.clip((self.frame_times_s * FRAME_RATE_HZ).astype(int), 0, states.size - 1)]
        in_bands = [in_band(self.centres_hz, low_hz, high_hz) for low_hz, high_hz in BANDS_HZ]
        masks = [
            (state == phase)[..., None] & chosen for phase, chosen in product(range(len(PHASES)), in_bands)
        ]
        return np.concatenate([self._without(mask) for mask in masks])

    def _without_beats(
        self, cycles: Sequence[Cycle]
    ) -> tuple[list[np.ndarray], list[tuple[int, int]], list[tuple[float, float]]]:
        """Changed windows, the beat and window each belongs to, and where the beats lie: at most `MAX_BEATS`."""
        pieces: list[np.ndarray] = []
        owners: list[tuple[int, int]] = []
        spans_s: list[tuple[float, float]] = []
        frame_s = self.config.hop / self.config.fs_hz
        for cycle in cycles:
            inside = (self.frame_times_s >= cycle.s1_s) & (self.frame_times_s < cycle.end_s)
            touched = np.flatnonzero(inside.sum(axis=1) * frame_s > LEAST_OF_A_BEAT_S)
            if touched.size and len(spans_s) < MAX_BEATS:
                pieces.append(self._without(inside[..., None])[touched])
                owners += [(len(spans_s), int(window)) for window in touched]
                spans_s.append((cycle.s1_s, cycle.end_s))
        return pieces, owners, spans_s

    def _without(self, mask: np.ndarray) -> np.ndarray:
        return np.where(mask, self.quiet, self.windows)

    def _input_of(self, windows: np.ndarray) -> np.ndarray:
        from ml.dsp.mel_windows import normalise_windows

        batch = normalise_windows(windows.astype(np.float32, copy=False), self.config)
        missing = self.config.window_frames - batch.shape[1]
        if missing > 0:
            batch = np.pad(batch, ((0, 0), (missing // 2, missing - missing // 2), (0, 0)))
        return batch[..., None]


class BeatOcclusion:
    """The picture of one recording's average beat, without parts of it, and without each of its first beats."""

    def __init__(self, spectrum: BeatSpectrum) -> None:
        from ml.dsp.beat_image import beat_stack, image_of_stack

        stack = beat_stack(spectrum)
        # The only beat cannot be left out.
        n_beats = min(len(stack), MAX_BEATS) if len(stack) > 1 else 0
        without_beats = [image_of_stack(np.delete(stack, beat, axis=0)) for beat in range(n_beats)]
        self.spans_s = [(cycle.s1_s, cycle.end_s) for cycle in spectrum.cycles[:n_beats]]
        self.batch = np.stack([*_images_without_parts(image_of_stack(stack)), *without_beats])

    @classmethod
    def of(cls, prepared: Prepared) -> BeatOcclusion | None:
        """The one that all networks on beat pictures share; None where no beat was found."""
        spectrum = prepared.beat_spectrum
        return None if spectrum is None else prepared.once("beat occlusion", lambda: cls(spectrum))

    def changes(self, member: LoadedMember) -> tuple[np.ndarray, np.ndarray]:
        """Change of `member`'s logit without each of `PARTS` (n_parts,), and without each of the beats in
        `spans_s`."""
        logits = member.logits(self.batch)
        by_part, by_beat = np.split(logits[1:] - logits[0], [len(PARTS)])
        return by_part, by_beat


def _images_without_parts(image: np.ndarray) -> np.ndarray:
    """`image` (n_phases, n_bands, n_statistics) and its copies without each of `PARTS`, (1 + n_parts, ...)."""
    from ml.dsp.beat_image import PHASE_BINS
    from ml.dsp.beat_spectrum import band_centres_hz

    quiet = np.median(image, axis=0, keepdims=True)
    phase_of_row = np.repeat(np.arange(len(PHASES)), PHASE_BINS)[:, None]
    in_bands = [in_band(band_centres_hz(), low_hz, high_hz) for low_hz, high_hz in BANDS_HZ]
    without = [
        np.where(((phase_of_row == phase) & chosen)[..., None], quiet, image)
        for phase, chosen in product(range(len(PHASES)), in_bands)
    ]
    return np.stack([image, *without])


def in_band(centres_hz: np.ndarray, low_hz: float, high_hz: float) -> np.ndarray:
    """Which bands have their centre in [low_hz, high_hz)."""
    return (centres_hz >= low_hz) & (centres_hz < high_hz)
