"""How a network's logit changes when a part of the sound is taken out.

Occlusion after Zeiler & Fergus 2014 (ECCV), on a network's own input. A part is taken out by putting each band's median
in its place, so that nothing happens there.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from ml.inference.members import LoadedMember, Prepared, mel_config

PHASES = ("S1", "systole", "S2", "diastole")  # the states 0..3 of ml.dsp.segmentation
BANDS_HZ = ((25.0, 80.0), (80.0, 200.0), (200.0, 500.0))
PARTS = tuple((phase, *band) for phase, band in product(PHASES, BANDS_HZ))
MAX_WINDOWS = 2  # windows explained; more of the same recording cost time and say the same
MAX_BEATS = 12
LEAST_OF_A_BEAT_S = 0.2  # inside a window, for the beat to be taken out there


class MelOcclusion:
    """One recording's mel windows before normalisation, and the network's answer to changed copies of them."""

    def __init__(self, member: LoadedMember, prepared: Prepared) -> None:
        from ml.dsp.mel import hz_to_mel, mel_to_hz
        from ml.dsp.mel_windows import mel_power, window_starts

        self.member = member
        self.segmentation = prepared.segmentation
        self.config = mel_config(member.member.config)
        power = mel_power(prepared.samples, self.config)
        n_frames = self.config.window_frames
        starts = window_starts(len(power), self.config)
        chosen = starts[np.unique(np.linspace(0, len(starts) - 1, MAX_WINDOWS).round().astype(int))]
        if len(power) < n_frames:
            chosen, n_frames = np.zeros(1, dtype=int), len(power)
        self.windows = np.stack([power[start : start + n_frames] for start in chosen])
        self.frame_times_s = (chosen[:, None] + np.arange(n_frames)) * self.config.hop / self.config.fs_hz
        self.quiet = np.median(self.windows, axis=1, keepdims=True)
        low_mel, high_mel = hz_to_mel(self.config.low_hz), hz_to_mel(self.config.high_hz)
        self.centres_hz = mel_to_hz(np.linspace(low_mel, high_mel, self.config.n_mels + 2))[1:-1]
        self.logits = self._logits(self.windows)

    def part_changes(self) -> np.ndarray:
        """Change of the logit without each of `PARTS`, shape (n_parts,)."""
        from ml.dsp.segmentation_features import FRAME_RATE_HZ

        states = self.segmentation.states
        state = states[np.clip((self.frame_times_s * FRAME_RATE_HZ).astype(int), 0, states.size - 1)]
        masks = [
            (state == PHASES.index(phase))[..., None] & in_band(self.centres_hz, low_hz, high_hz)
            for phase, low_hz, high_hz in PARTS
        ]
        logits = self._logits(np.concatenate([self._without(mask) for mask in masks]))
        return (logits.reshape(len(masks), -1) - self.logits).mean(axis=1)

    def beat_changes(self) -> list[tuple[float, float, float]]:
        """(start_s, end_s, change of the logit) of whole beats, at most `MAX_BEATS`, in the explained windows."""
        pieces: list[np.ndarray] = []
        owners: list[tuple[int, int]] = []
        spans: list[tuple[float, float]] = []
        for cycle in self.segmentation.cycles:
            inside = (self.frame_times_s >= cycle.s1_s) & (self.frame_times_s < cycle.end_s)
            touched = np.flatnonzero(
                inside.sum(axis=1) * self.config.hop / self.config.fs_hz > LEAST_OF_A_BEAT_S
            )
            if touched.size and len(spans) < MAX_BEATS:
                pieces.append(self._without(inside[..., None])[touched])
                owners += [(len(spans), int(window)) for window in touched]
                spans.append((cycle.s1_s, cycle.end_s))
        if not spans:
            return []
        changes = np.zeros(len(spans))
        for (beat, window), logit in zip(owners, self._logits(np.concatenate(pieces)), strict=True):
            changes[beat] += (logit - self.logits[window]) / len(self.windows)
        return [
            (start_s, end_s, float(change)) for (start_s, end_s), change in zip(spans, changes, strict=True)
        ]

    def _without(self, mask: np.ndarray) -> np.ndarray:
        return np.where(mask, self.quiet, self.windows)

    def _logits(self, windows: np.ndarray) -> np.ndarray:
        from ml.dsp.mel_windows import normalise_windows

        batch = normalise_windows(windows.astype(np.float32), self.config)
        missing = self.config.window_frames - batch.shape[1]
        if missing > 0:
            batch = np.pad(batch, ((0, 0), (missing // 2, missing - missing // 2), (0, 0)))
        return self.member.logits(batch[..., None])


def beat_image_changes(member: LoadedMember, prepared: Prepared) -> np.ndarray:
    """Change of a beat network's logit without each of `PARTS`, shape (n_parts,); zeros where there is no beat."""
    from ml.dsp.beat_image import PHASE_BINS
    from ml.dsp.beat_spectrum import band_centres_hz

    batch = member.input_of(prepared, member.member.config)
    if batch is None:
        return np.zeros(len(PARTS))
    image = batch[0]  # (n_phases, n_bands, n_statistics)
    quiet = np.median(image, axis=0, keepdims=True)
    phase_of_row = np.repeat(np.arange(len(PHASES)), PHASE_BINS)
    centres_hz = band_centres_hz()
    images = [
        np.where(
            ((phase_of_row == PHASES.index(phase))[:, None] & in_band(centres_hz, low_hz, high_hz))[
                ..., None
            ],
            quiet,
            image,
        )
        for phase, low_hz, high_hz in PARTS
    ]
    logits = member.logits(np.stack([image, *images]))
    return logits[1:] - logits[0]


def in_band(centres_hz: np.ndarray, low_hz: float, high_hz: float) -> np.ndarray:
    """Which bands have their centre in [low_hz, high_hz)."""
    return (centres_hz >= low_hz) & (centres_hz < high_hz)
