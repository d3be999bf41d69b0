"""What moved the probability: parts of the beat, bands of frequency and single beats are taken out one at a time.

Occlusion after Zeiler & Fergus 2014 (ECCV), on the input of the mel network, the one member that sees time and
frequency. A part is taken out by putting each band's median in its place, so that nothing happens there. The effect is
the change of the whole ensemble's calibrated probability. What an explanation may claim is in `sentence_for`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ml.errors import SignalError
from ml.inference.heart import NO_HEART
from ml.inference.members import LoadedMember, Prepared, mel_config, mel_window_input

if TYPE_CHECKING:
    from ml.inference.predictor import EnsemblePredictor

PHASES = ("S1", "systole", "S2", "diastole")  # the states 0..3 of ml.dsp.segmentation
BANDS_HZ = ((25.0, 80.0), (80.0, 200.0), (200.0, 500.0))
MURMUR_BAND_HZ = (150.0, 500.0)
MAX_WINDOWS = 2  # windows explained; more of the same recording cost time and say the same
MAX_BEATS = 12
# Changes smaller than this are not worth a sentence: the calibration itself is not that exact.
NOTABLE_EFFECT = 0.03
# Power at or below this, relative to the loudest frame, is a digital zero.
RELATIVE_FLOOR = 1e-8


def explain(
    predictor: EnsemblePredictor, prepared: Prepared, logit: float, quality_reasons: Sequence[str]
) -> dict[str, Any]:
    """Evidence for the ensemble's `logit` of a recording, as plain JSON types.

    `effects`: per phase and band, the change of p when that part is taken out (negative: it spoke for abnormal).
    `beats`: the same per beat. `murmur_band_db`: power at 150-500 Hz per phase, relative to the beat's mean.
    `sentence`: what may be said of it. Without a heartbeat or a mel network the lists are empty.
    """
    nothing: dict[str, Any] = {"method": "occlusion", "effects": [], "beats": [], "murmur_band_db": {}}
    member = next((m for m in predictor.members if m.input_of is mel_window_input), None)
    if any(reason in NO_HEART for reason in quality_reasons):
        return {**nothing, "sentence": "There is no heartbeat in which a reason could be sought."}
    try:
        states = prepared.segmentation.states
    except SignalError:
        states = np.zeros(0, dtype=int)
    if member is None or states.size == 0:
        return {**nothing, "sentence": "The recording is too short to say what moved the probability."}
    found = Occlusion(predictor, member, prepared, logit)
    effects = found.phase_effects(states)
    return {
        "method": "occlusion",
        "effects": effects,
        "beats": found.beat_effects(),
        "murmur_band_db": murmur_band_db(prepared, states),
        "sentence": sentence_for(effects),
    }


class Occlusion:
    """One recording's windows before normalisation, and the network's answer to changed copies of them."""

    def __init__(
        self, predictor: EnsemblePredictor, member: LoadedMember, prepared: Prepared, logit: float
    ) -> None:
        from ml.dsp.mel import hz_to_mel, mel_to_hz
        from ml.dsp.mel_windows import mel_power, window_starts

        self.predictor, self.member, self.prepared = predictor, member, prepared
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
        self.weight = member.member.weight / sum(m.member.weight for m in predictor.members)
        self.base_logits = self._logits(self.windows)
        self.base_logit = logit

    def phase_effects(self, states: np.ndarray) -> list[dict[str, Any]]:
        """Change of p per phase of the beat and band of frequency."""
        from ml.dsp.segmentation_features import FRAME_RATE_HZ

        frame = np.clip((self.frame_times_s * FRAME_RATE_HZ).astype(int), 0, states.size - 1)
        state = states[frame]
        masks, names = [], []
        for index, phase in enumerate(PHASES):
            for low_hz, high_hz in BANDS_HZ:
                in_band = (self.centres_hz >= low_hz) & (self.centres_hz < high_hz)
                masks.append((state == index)[..., None] & in_band)
                names.append({"phase": phase, "low_hz": low_hz, "high_hz": high_hz})
        logits = self._logits(np.concatenate([self._without(mask) for mask in masks]))
        changes = (logits.reshape(len(masks), -1) - self.base_logits).mean(axis=1)
        return [{**name, "change": self._change(change)} for name, change in zip(names, changes, strict=True)]

    def beat_effects(self) -> list[dict[str, Any]]:
        """Change of p per whole beat, of at most `MAX_BEATS` beats that lie in the explained windows."""
        pieces: list[np.ndarray] = []
        owners: list[tuple[int, int]] = []
        beats: list[dict[str, Any]] = []
        for cycle in self.prepared.segmentation.cycles:
            inside = (self.frame_times_s >= cycle.s1_s) & (self.frame_times_s < cycle.end_s)
            touched = np.flatnonzero(inside.sum(axis=1) * self.config.hop / self.config.fs_hz > 0.2)
            if touched.size and len(beats) < MAX_BEATS:
                pieces.append(self._without(inside[..., None])[touched])
                owners += [(len(beats), int(window)) for window in touched]
                beats.append({"start_s": round(cycle.s1_s, 3), "end_s": round(cycle.end_s, 3)})
        if not beats:
            return []
        logits = self._logits(np.concatenate(pieces))
        changes = np.zeros(len(beats))
        for (beat, window), logit in zip(owners, logits, strict=True):
            changes[beat] += (logit - self.base_logits[window]) / len(self.windows)
        return [{**beat, "change": self._change(change)} for beat, change in zip(beats, changes, strict=True)]

    def _without(self, mask: np.ndarray) -> np.ndarray:
        return np.where(mask, self.quiet, self.windows)

    def _logits(self, windows: np.ndarray) -> np.ndarray:
        from ml.dsp.mel_windows import normalise_windows

        batch = normalise_windows(windows.astype(np.float32), self.config)
        missing = self.config.window_frames - batch.shape[1]
        if missing > 0:
            batch = np.pad(batch, ((0, 0), (missing // 2, missing - missing // 2), (0, 0)))
        return self.member.logits(batch[..., None])

    def _change(self, logit_change: float) -> float:
        p = self.predictor.point.calibration.probability
        return round(p(self.base_logit + self.weight * float(logit_change)) - p(self.base_logit), 4)


def murmur_band_db(prepared: Prepared, states: np.ndarray) -> dict[str, float]:
    """Mean power between 150 and 500 Hz in each phase, in dB relative to its mean over the recording."""
    from ml.dsp.envelope import wavelet_power
    from ml.dsp.segmentation_features import FRAME_RATE_HZ

    power = wavelet_power(prepared.samples, prepared.fs_hz, (MURMUR_BAND_HZ,), FRAME_RATE_HZ)[0][
        : states.size
    ]
    states = states[: power.size]
    floor = RELATIVE_FLOOR * power.max() + np.finfo(float).tiny
    mean = power.mean() + floor
    return {
        phase: round(float(10 * np.log10((power[states == index].mean() + floor) / mean)), 1)
        for index, phase in enumerate(PHASES)
        if np.any(states == index)
    }


def sentence_for(effects: Sequence[dict[str, Any]]) -> str:
    """One sentence that says where the sound was that moved the probability, how far, and nothing of its cause."""
    strongest = max(effects, key=lambda effect: abs(effect["change"]), default=None)
    if strongest is None or abs(strongest["change"]) < NOTABLE_EFFECT:
        return f"No single part of the beat moved the probability by more than {NOTABLE_EFFECT:.2f}."
    direction = "raised" if strongest["change"] < 0 else "lowered"
    return (
        f"Sound in {strongest['phase']} at {strongest['low_hz']:.0f}-{strongest['high_hz']:.0f} Hz {direction} the"
        f" probability most: without it, it would be {abs(strongest['change']):.2f}"
        f" {'lower' if direction == 'raised' else 'higher'}."
    )
