import numpy as np
import pytest

from ml.evaluation.calibration import (
    SCREENING_MISSES,
    SCREENING_SENSITIVITY,
    SMALLEST_SLOPE,
    Threshold,
    balanced_threshold,
    equal_weights,
    fit_platt,
    operating_points,
    screening_threshold,
    unsure_band,
    weighted_quantile,
)
from ml.evaluation.metrics import expected_calibration_error, rates
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


def test_scores_that_run_backwards_get_the_smallest_slope_and_their_own_intercept():
    rng = np.random.default_rng(5)
    scores = rng.standard_normal(4000)
    labels = (rng.random(4000) < 1 / (1 + np.exp(2 * scores + 1))).astype(int)
    platt = fit_platt(scores, labels)
    assert platt.slope == pytest.approx(SMALLEST_SLOPE / scores.std())
    assert platt(scores).mean() == pytest.approx(labels.mean(), abs=0.01)


def test_the_smallest_slope_is_the_best_of_those_allowed():
    rng = np.random.default_rng(6)
    scores = rng.standard_normal(500)
    labels = (rng.random(500) < 1 / (1 + np.exp(scores))).astype(int)
    platt = fit_platt(scores, labels)

    def loss(slope):
        # The intercept that fits this slope best, by trying.
        candidates = 1 / (1 + np.exp(-(slope * scores[None] + np.linspace(-2, 2, 201)[:, None])))
        return -np.mean(np.where(labels, np.log(candidates), np.log1p(-candidates)), axis=1).min()

    assert loss(platt.slope) < loss(2 * platt.slope) < loss(4 * platt.slope)


def test_equal_weights_count_databases_and_labels_alike(predictions):
    weights = equal_weights(predictions)
    sums = [
        weights[(predictions.databases == database) & (predictions.labels == label)].sum()
        for database in "ab"
        for label in (0, 1)
    ]
    assert sums == pytest.approx([len(weights) / 4] * 4)


def test_a_large_database_that_runs_backwards_does_not_rule_the_calibration():
    rng = np.random.default_rng(7)
    databases = np.array(["e"] * 2000 + ["a"] * 100 + ["b"] * 100 + ["d"] * 100)
    labels = rng.integers(0, 2, len(databases))
    gain = np.where(databases == "e", -1.0, 2.0)
    n = len(labels)
    own = Predictions(
        np.arange(n).astype(str), databases, np.arange(n).astype(str), labels, np.ones(n, bool),
        gain * labels + rng.standard_normal(n),
    )  # fmt: skip
    assert fit_platt(own.scores, labels).slope * own.scores.std() == pytest.approx(SMALLEST_SLOPE)
    alike = fit_platt(own.scores, labels, equal_weights(own))
    assert alike.slope * own.scores.std() > 4 * SMALLEST_SLOPE


def test_another_prevalence_multiplies_the_odds():
    platt = fit_platt(np.array([-1.0, -0.5, 0.5, 1.0]), np.array([0, 1, 0, 1]))
    p = platt(np.array([0.3]))[0]
    moved = platt.at_prevalence(0.5, 0.1)(np.array([0.3]))[0]
    assert moved / (1 - moved) == pytest.approx(p / (1 - p) / 9)


def test_a_weighted_quantile_of_equal_weights_is_numpys():
    values = np.random.default_rng(8).random(57)
    for share in (0.0, 0.08, 0.5, 1.0):
        assert weighted_quantile(values, np.ones(57), share) == pytest.approx(np.quantile(values, share))


def test_weights_count_like_copies():
    rng = np.random.default_rng(9)
    labels, p = rng.integers(0, 2, 400), rng.random(400)
    p = (p + labels) / 2
    weights = rng.integers(1, 4, 400).astype(float)
    copied = np.repeat(np.arange(400), weights.astype(int))
    assert balanced_threshold(labels, p, weights) == pytest.approx(
        balanced_threshold(labels[copied], p[copied]), abs=0.02
    )


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


@pytest.mark.parametrize("apart", [1.0, 2.5, 4.0])
def test_screening_misses_half_of_what_balanced_misses(apart):
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 4000)
    p = 1 / (1 + np.exp(-rng.standard_normal(8000) - apart * labels))
    screening, balanced = (
        rates(labels, p >= threshold(labels, p)) for threshold in (screening_threshold, balanced_threshold)
    )
    assert screening["se"] >= SCREENING_SENSITIVITY
    assert 1 - screening["se"] <= SCREENING_MISSES * (1 - balanced["se"]) + 1e-3


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


def test_predictions_round_trip(predictions, tmp_path):
    predictions.save(tmp_path / "p.json")
    loaded = Predictions.load(tmp_path / "p.json")
    assert np.array_equal(loaded.scores, predictions.scores)
    assert np.array_equal(loaded.usable, predictions.usable)
    assert np.array_equal(loaded.databases, predictions.databases)
