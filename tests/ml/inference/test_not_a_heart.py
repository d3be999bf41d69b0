"""Sounds that are no heart are never Normal or Abnormal; real recordings are not turned away. Figures are printed."""

import csv

import numpy as np
import pytest

from ml.dsp.io import load_audio
from tests.ml.inference.sounds import MAKERS, not_hearts
from tests.ml.inference.unseen_sounds import UNSEEN_MAKERS

N_REAL = 200
# Chirps, tunes and strokes of cloth that keep a heart's time still pass: see docs/quality-index.md.
MAX_FALSE_ACCEPTANCE = 0.05
# Of kinds that it never heard: a drum that turns, wheels on rails and a drummer pass most (11 of 102 when first heard).
MAX_FALSE_ACCEPTANCE_UNSEEN = 0.12
MAX_FALSE_ACCEPTANCE_SHORT = 0.1
SHORT_S = (2.0, 3.0)
MAX_FALSE_REJECTION = 0.04


def confident(reading):
    return reading.label != "unsure"


@pytest.mark.parametrize(
    ("makers", "most"),
    [(MAKERS, MAX_FALSE_ACCEPTANCE), (UNSEEN_MAKERS, MAX_FALSE_ACCEPTANCE_UNSEEN)],
    ids=["known kinds", "kinds never heard"],
)
def test_no_confident_label_on_what_is_no_heart(tiny_predictor, record_property, makers, most):
    forced = forcing(tiny_predictor)
    accepted, n = [], 0
    for name, x, fs_hz in not_hearts(makers):
        n += 1
        if confident(forced.read(x, fs_hz, explain=False)):
            accepted.append(name)
    rate = len(accepted) / n
    record_property("false_acceptance", rate)
    print(f"false acceptance {len(accepted)} of {n} clips of {len(makers)} kinds: {accepted}")
    assert n >= 100
    assert rate <= most


def test_short_clips_of_what_is_no_heart_are_seldom_read(tiny_predictor, record_property):
    """Two or three seconds hold two or three events: there is less to tell strokes of cloth from beats by."""
    forced, rng = forcing(tiny_predictor), np.random.default_rng(1)
    accepted, n = [], 0
    for name, x, fs_hz in not_hearts(MAKERS):
        length = int(rng.uniform(*SHORT_S) * fs_hz)
        first = int(rng.integers(max(len(x) - length, 1)))
        n += 1
        if confident(forced.read(x[first : first + length], fs_hz, explain=False)):
            accepted.append(name)
    record_property("false_acceptance", len(accepted) / n)
    print(f"false acceptance {len(accepted)} of {n} clips of {SHORT_S} s: {accepted}")
    assert n >= 100
    assert len(accepted) / n <= MAX_FALSE_ACCEPTANCE_SHORT


def test_real_recordings_are_not_turned_away(tiny_predictor, physionet, record_property):
    forced = forcing(tiny_predictor)
    with (physionet / "subjects.csv").open(encoding="utf-8", newline="") as file:
        usable = [row for row in csv.DictReader(file) if row["sqi"] == "1"]
    chosen = np.random.default_rng(7).choice(len(usable), N_REAL, replace=False)
    rejected = {"1": [], "-1": []}
    for index in chosen:
        row = usable[index]
        x, fs_hz = load_audio(physionet / f"training-{row['subset'][-1]}" / f"{row['record']}.flac")
        rejected[row["label"]].append(not confident(forced.read(x, fs_hz, explain=False)))
    overall = float(np.mean(rejected["1"] + rejected["-1"]))
    record_property("false_rejection", overall)
    by_label = {label: float(np.mean(values)) for label, values in rejected.items()}
    print(f"false rejection {overall:.3f} of {N_REAL} usable recordings; by label {by_label}")
    assert overall <= MAX_FALSE_REJECTION


def forcing(predictor):
    """The predictor without an unsure band, so that only the quality of the sound can make it unsure."""
    import dataclasses

    point = dataclasses.replace(predictor.point, unsure_band=(predictor.point.threshold,) * 2)
    return dataclasses.replace(predictor, point=point)


@pytest.mark.parametrize("level", [0.0, 0.3])
def test_a_constant_is_silence(tiny_predictor, level):
    assert tiny_predictor.read(np.full(20000, level), 2000).quality.reasons == ("silent",)
