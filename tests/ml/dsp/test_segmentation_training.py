"""Labels from an ECG lie on the sounds; a fit segments; the stored parameters do on real recordings."""

import csv
from pathlib import Path

import numpy as np
import pytest

from ml.dsp.cycles import DIASTOLE, S1, S2, SYSTOLE
from ml.dsp.ecg import RPeaks
from ml.dsp.segmentation import Parameters, segment
from ml.dsp.segmentation_training import UNLABELLED, find_sounds, fit, label
from tests.ml.dsp.heart_sounds import FS_HZ, steady

R_BEFORE_S1_S = 0.045
DATA = Path(__file__).resolve().parents[4] / "shared/data/physionet2016"


def with_ecg(bpm, **kwargs):
    sound = steady(bpm, **kwargs)
    return sound, RPeaks(sound.s1_s - R_BEFORE_S1_S, 1.0)


@pytest.mark.parametrize("bpm", [50, 70, 95])
def test_sounds_are_found_near_the_r_peaks(bpm):
    sound, peaks = with_ecg(bpm)
    beats = find_sounds(sound.x, peaks)
    assert beats.r_s.size >= 8
    at = np.searchsorted(sound.s1_s, beats.r_s)
    assert np.max(np.abs(beats.s1_s - sound.s1_s[at])) < 0.02
    assert np.max(np.abs(beats.s2_s - sound.s2_s[at])) < 0.02


def test_labels_are_in_order_and_blank_where_the_ecg_says_nothing():
    sound, peaks = with_ecg(70)
    gap = np.abs(peaks.times_s - 8) > 1.2
    found = label(sound.x, RPeaks(peaks.times_s[gap], 1.0))
    frame = {time_s: int(time_s * 50) for time_s in (sound.s1_s[2], sound.s2_s[2])}
    assert found.labels[frame[sound.s1_s[2]]] == S1
    assert found.labels[frame[sound.s2_s[2]]] == S2
    assert found.labels[int((sound.s1_s[2] + sound.s2_s[2]) / 2 * 50)] == SYSTOLE
    assert found.labels[int((sound.s2_s[2] + sound.s1_s[3]) / 2 * 50)] == DIASTOLE
    assert np.all(found.labels[int(7.5 * 50) : int(8.5 * 50)] == UNLABELLED)


def test_a_fit_learns_to_segment_and_repeats_itself():
    recordings = [label(*_pair(with_ecg(bpm, seed=bpm))) for bpm in (55, 62, 70, 78, 86, 95)]
    first, second = (fit(recordings, seed=1, epochs=3) for _ in range(2))
    assert first == second
    sound = steady(74, seed=3)
    found = segment(sound.x, FS_HZ, Parameters.from_dict(first))
    hits = [np.min(np.abs(found.s1_times_s - t)) < 0.05 for t in sound.s1_s]
    assert np.mean(hits) > 0.9


def _pair(made):
    sound, peaks = made
    return sound.x, peaks


def test_stored_parameters_find_s1_on_real_recordings():
    if not DATA.is_dir():
        pytest.skip(f"../shared/data is absent: {DATA} is needed to judge S1 against R peaks")
    import soundfile

    from ml.dsp.ecg import find_r_peaks
    from ml.evaluation.heart_rate import match_s1

    with (DATA / "subjects.csv").open(newline="") as file:
        names = [row["record"] for row in csv.DictReader(file) if row["subset"] == "a"][3::9]
    matched = reported = expected = 0
    for name in names:
        ecg, fs_hz = soundfile.read(DATA / f"training-a-ecg/{name}.flac")
        peaks = find_r_peaks(ecg, fs_hz)
        if not peaks.is_reliable:
            continue
        sound, _ = soundfile.read(DATA / f"training-a/{name}.flac")
        found = match_s1(segment(sound, fs_hz).s1_times_s, peaks.times_s)
        matched, reported, expected = (
            matched + found.matched,
            reported + found.reported,
            expected + found.expected,
        )
    assert expected > 400
    assert matched / expected > 0.93
    assert matched / reported > 0.93
