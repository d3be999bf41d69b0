import numpy as np
import pytest

from ml.evaluation.bootstrap import intervals, resampled_rows
from ml.evaluation.calibration import (
    SCREENING_SENSITIVITY,
    Threshold,
    balanced_threshold,
    fit_platt,
    operating_points,
    screening_threshold,
    unsure_band,
)
from ml.evaluation.metrics import auc, expected_calibration_error, rates
from ml.evaluation.predictions import Predictions


@pytest.fixture
def predictions():
    rng = np.random.default_rng(1)
    n = 3000
    labels = (rng.random(n) < 0.25).astype(int)
    return Predictions(
        file_ids=np.array([f"r{i}" for i in range(n)]),
        databases=rng.choice(["a", "b"], n),
        subjects=np.array([f"s{i // 3}" for i in range(n)]),
        labels=labels,
        usable=rng.random(n) < 0.9,
        scores=3 * (labels + rng.standard_normal(n)) + 5,
    )


def test_platt_recovers_known_probabilities():
    rng = np.random.default_rng(0)
    scores = 4 * rng.standard_normal(20000) + 2
    labels = (rng.random(20000) < 1 / (1 + np.exp(-(0.5 * scores - 1)))).astype(int)
    platt = fit_platt(scores, labels)
    assert platt.slope == pytest.approx(0.5, abs=0.03)
    assert platt.intercept == pytest.approx(-1, abs=0.1)
    assert expected_calibration_error(labels, platt(scores)) < 0.02


def test_platt_stays_finite_on_separable_scores():
    platt = fit_platt(np.array([-1.0, -1.1, 1.0, 1.1]), np.array([0, 0, 1, 1]))
    assert np.isfinite([platt.slope, platt.intercept]).all()
    assert platt.slope > 0


def test_operating_points_do_what_they_are_for(predictions):
    platt = fit_platt(predictions.scores, predictions.labels)
    points = operating_points(predictions, platt)
    p = platt(predictions.scores)
    balanced = rates(predictions.labels, p >= points["balanced"].threshold)
    best = max(rates(predictions.labels, p >= value)["macc"] for value in np.unique(p)[::10])
    assert balanced["macc"] > best - 0.01
    screening = rates(predictions.labels, p >= points["screening"].threshold)
    assert screening["se"] >= SCREENING_SENSITIVITY
    assert points["screening"].threshold < points["balanced"].threshold


def test_screening_never_misses_what_balanced_finds():
    labels = np.array([0] * 500 + [1] * 500)
    p = np.concatenate([np.linspace(0.0, 0.2, 500), np.linspace(0.25, 1.0, 500)])
    assert screening_threshold(labels, p) <= balanced_threshold(labels, p)


def test_unsure_band_holds_its_share_around_the_threshold(predictions):
    p = fit_platt(predictions.scores, predictions.labels)(predictions.scores)
    low, high = unsure_band(p, 0.3, share=0.1)
    assert low < 0.3 < high
    assert np.mean((p > low) & (p < high)) == pytest.approx(0.1, abs=0.01)


def test_calls_outside_the_band_follow_the_threshold():
    calls = Threshold(0.5, (0.4, 0.6)).calls(np.array([0.1, 0.4, 0.5, 0.6, 0.9]))
    assert calls.tolist() == ["normal", "normal", "unsure", "abnormal", "abnormal"]


def test_bootstrap_draws_whole_subjects(predictions):
    rows = resampled_rows(predictions, np.random.default_rng(0))
    drawn = dict(zip(*np.unique(rows, return_counts=True), strict=True))
    for subject in np.unique(predictions.subjects)[:50]:
        for database in "ab":
            own = np.flatnonzero((predictions.subjects == subject) & (predictions.databases == database))
            assert len({drawn.get(row, 0) for row in own}) <= 1


def test_interval_holds_the_figure_and_is_reproducible(predictions):
    def figures(own):
        return {"auc": auc(own.labels, own.scores)}

    first = intervals(predictions, figures, seed=0, replicates=60)
    low, high = first["auc"]
    assert low < auc(predictions.labels, predictions.scores) < high
    assert first == intervals(predictions, figures, seed=0, replicates=60)


def test_predictions_round_trip(predictions, tmp_path):
    predictions.save(tmp_path / "p.json")
    loaded = Predictions.load(tmp_path / "p.json")
    assert np.array_equal(loaded.scores, predictions.scores)
    assert np.array_equal(loaded.usable, predictions.usable)
    assert np.array_equal(loaded.databases, predictions.databases)
