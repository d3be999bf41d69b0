"""Heart rate: from a segmentation for the record, from an envelope for the live view. numpy only.

Both say None rather than guess, and tell half and double rates from the true one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ml.dsp.segmentation import Segmentation

LOWEST_BPM, HIGHEST_BPM = 30.0, 220.0
# Noise stays below 0.52; of the recordings in training-a none does.
LEAST_CONFIDENCE = 0.55
SURE_CYCLE = 0.6
LEAST_INTERVALS = 2
# A beat is out of step when its interval differs from the one before by more than this share of the median; a rhythm
# is irregular when more than this share of beats are. Breathing changes the interval by less from beat to beat.
OUT_OF_STEP = 0.15
IRREGULAR_SHARE = 0.25
RANGE_QUANTILES = (0.1, 0.9)

# Live view: an autocorrelation peak within this share of the highest is as good, and the shortest of them is the cycle
# (the others are its multiples); the interval from S1 to S2 reaches less.
EQUALLY_HIGH = 0.8
LEAST_PERIODICITY = 0.25


@dataclass(frozen=True)
class HeartRate:
    """Median rate in beats a minute, None when not confident; `confidence` 0 to 1.

    irregular : the intervals jump (atrial fibrillation, ectopic beats). low_bpm, high_bpm : the rates that four fifths
    of the beats lie between; None with the rate.
    """

    bpm: float | None
    confidence: float
    irregular: bool = False
    low_bpm: float | None = None
    high_bpm: float | None = None


def rate_from_segmentation(segmentation: Segmentation) -> HeartRate:
    """Rate of a segmented recording, from the intervals between S1 peaks of the surer cycles."""
    s1_s = np.asarray(segmentation.s1_times_s)
    confidence = float(np.clip((segmentation.confidence - 0.25) / 0.75, 0, 1))
    intervals_s = np.diff(s1_s)
    if segmentation.confidence < LEAST_CONFIDENCE or intervals_s.size < LEAST_INTERVALS:
        return HeartRate(None, confidence)
    sure = _between_sure_cycles(segmentation, s1_s)
    enough = sure.sum() >= max(3, 0.3 * intervals_s.size)
    chosen = intervals_s[sure] if enough else intervals_s
    typical_s = float(np.median(chosen))
    bpm = 60 / typical_s
    if not LOWEST_BPM <= bpm <= HIGHEST_BPM:
        return HeartRate(None, confidence)
    # Only neighbouring sure intervals tell of rhythm; a gap between them does not.
    both = sure[1:] & sure[:-1]
    jumps = np.abs(np.diff(intervals_s))[both] / typical_s
    irregular = jumps.size >= 4 and float(np.mean(jumps > OUT_OF_STEP)) > IRREGULAR_SHARE
    high_s, low_s = np.quantile(chosen, RANGE_QUANTILES[::-1])
    return HeartRate(bpm, confidence, irregular, float(60 / high_s), float(60 / low_s))


def _between_sure_cycles(segmentation: Segmentation, s1_s: np.ndarray) -> np.ndarray:
    """For each interval of `s1_s`, whether the cycle that holds its middle is a sure one."""
    middle = (s1_s[:-1] + s1_s[1:]) / 2
    begins = np.array([c.s1_s for c in segmentation.cycles])
    if begins.size == 0:
        return np.zeros(middle.size, dtype=bool)
    at = np.clip(np.searchsorted(begins, middle) - 1, 0, begins.size - 1)
    ends = np.array([c.end_s for c in segmentation.cycles])
    is_sure = np.array([c.confidence >= SURE_CYCLE for c in segmentation.cycles])
    return is_sure[at] & (middle >= begins[at]) & (middle < ends[at])


def rate_from_envelope(envelope: np.ndarray, frame_rate_hz: float) -> HeartRate:
    """Rate of the last seconds of sound, for a display that is updated while recording.

    envelope : ndarray (n_frames,) at `frame_rate_hz`, any unit, not negative. Four seconds or more serve every rate.
    """
    x = np.sqrt(np.maximum(np.asarray(envelope, dtype=np.float64), 0))
    n = x.size
    shortest = int(np.floor(60 / HIGHEST_BPM * frame_rate_hz))
    longest = min(int(np.ceil(60 / LOWEST_BPM * frame_rate_hz)), int(0.6 * n))
    if longest <= shortest + 2:
        return HeartRate(None, 0.0)
    x = np.minimum(x, np.quantile(x, 0.98))  # a knock must not outweigh the beats
    x = x - x.mean()
    spectrum = np.fft.rfft(x, 2 * n)
    correlation = np.fft.irfft(spectrum * np.conj(spectrum))[: longest + 2]
    if correlation[0] <= 0:
        return HeartRate(None, 0.0)
    correlation = correlation / correlation[0] / np.sqrt(1 - np.arange(longest + 2) / n)
    lags = np.arange(max(shortest, 1), longest + 1)
    is_peak = (correlation[lags] >= correlation[lags - 1]) & (correlation[lags] > correlation[lags + 1])
    peaks = lags[is_peak]
    if peaks.size == 0:
        return HeartRate(None, 0.0)
    highest = float(correlation[peaks].max())
    confidence = float(np.clip(highest, 0, 1))
    if highest < LEAST_PERIODICITY:
        return HeartRate(None, confidence)
    lag = int(peaks[correlation[peaks] >= EQUALLY_HIGH * highest][0])
    before, at, after = correlation[lag - 1 : lag + 2]
    lag_frames = lag + 0.5 * (before - after) / (before - 2 * at + after)
    bpm = float(60 * frame_rate_hz / lag_frames)
    return HeartRate(bpm if LOWEST_BPM <= bpm <= HIGHEST_BPM else None, confidence)
