"""Heart rate and S1 against the ECG recorded together with the sound of database a."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from ml.dsp.ecg import RPeaks, find_r_peaks
from ml.errors import SignalError
from ml.evaluation.reading import ReadRecording

RATE_TOLERANCE_BPM = 5.0
MATCH_S = 0.060
LAG_RANGE_S = (-0.020, 0.120)
ECG_FOLDER = "training-a-ecg"
# A reported rate this close to half or twice the reference counts as halved or doubled.
_MULTIPLE_TOLERANCE = 0.1


@dataclass(frozen=True)
class S1Match:
    """Counts of one recording: S1 that met an R peak, S1 reported, R peaks; `lag_s` the median distance."""

    matched: int
    reported: int
    expected: int
    lag_s: float


def judge_against_ecg(done: Sequence[ReadRecording], data_root: Path) -> dict[str, Any]:
    """Shares of heart rates within 5/min, halved and doubled, and S1 sensitivity and PPV.

    A recording whose ECG does not give a reliable reference is left out, decided from the ECG alone; one without an
    answer is a miss. Empty when there is no ECG folder.
    """
    folder = data_root / ECG_FOLDER
    if not folder.is_dir():
        return {}
    close = halved = doubled = silent = judged = left_out = 0
    matched = reported = expected = 0
    errors = []
    for item in done:
        path = folder / f"{item.recording.file_id}.flac"
        if not path.exists():
            continue
        peaks = reliable_peaks(path)
        if peaks is None:
            left_out += 1
            continue
        judged += 1
        reference_bpm = 60 / float(np.median(peaks.intervals_s))
        rate = item.reading.heart_rate_bpm if item.reading else None
        if rate is None:
            silent += 1
        else:
            errors.append(abs(rate - reference_bpm))
            close += abs(rate - reference_bpm) <= RATE_TOLERANCE_BPM
            halved += abs(2 * rate / reference_bpm - 1) < _MULTIPLE_TOLERANCE
            doubled += abs(rate / (2 * reference_bpm) - 1) < _MULTIPLE_TOLERANCE
        s1 = match_s1(np.array(item.reading.s1_times_s if item.reading else ()), peaks.times_s)
        matched, reported, expected = matched + s1.matched, reported + s1.reported, expected + s1.expected
    if not judged:
        return {}
    return {
        "recordings": judged,
        "left_out_by_ecg": left_out,
        "within_5_bpm": close / judged,
        "no_answer": silent / judged,
        "halved": halved / judged,
        "doubled": doubled / judged,
        "median_error_bpm": float(np.median(errors)) if errors else float("nan"),
        "s1_sensitivity": matched / max(1, expected),
        "s1_ppv": matched / max(1, reported),
        "s1_expected": expected,
    }


def reliable_peaks(path: Path) -> RPeaks | None:
    """The R peaks of an ECG file, or None where they are no reference."""
    ecg, fs_hz = soundfile.read(path)
    try:
        peaks = find_r_peaks(ecg, fs_hz)
    except SignalError:
        return None
    return peaks if peaks.is_reliable else None


def match_s1(s1_s: NDArray[np.float64], r_s: NDArray[np.float64]) -> S1Match:
    """One-to-one matches of S1 times with R peaks, within MATCH_S of the recording's own median lag.

    A median lag outside LAG_RANGE_S matches nothing: the sound was not S1. R peaks before the first possible S1 still
    count as expected.
    """
    if not len(s1_s) or not len(r_s):
        return S1Match(0, len(s1_s), len(r_s), float("nan"))
    nearest = np.abs(s1_s[None, :] - r_s[:, None] - np.mean(LAG_RANGE_S)).argmin(axis=1)
    lag_s = float(np.median(s1_s[nearest] - r_s))
    if not LAG_RANGE_S[0] <= lag_s <= LAG_RANGE_S[1]:
        return S1Match(0, len(s1_s), len(r_s), lag_s)
    distances = np.abs(s1_s[None, :] - r_s[:, None] - lag_s)
    taken_s1, taken_r = set(), set()
    for r_index, s1_index in zip(
        *np.unravel_index(np.argsort(distances, axis=None), distances.shape), strict=True
    ):
        if distances[r_index, s1_index] > MATCH_S:
            break
        if r_index not in taken_r and s1_index not in taken_s1:
            taken_r.add(r_index)
            taken_s1.add(s1_index)
    return S1Match(len(taken_r), len(s1_s), len(r_s), lag_s)
