import numpy as np
import pytest

from ml.evaluation import metrics


@pytest.fixture
def scored():
    rng = np.random.default_rng(4)
    labels = rng.integers(0, 2, 400)
    return labels, np.round(labels + rng.standard_normal(400), 1)


def test_auc_equals_sklearns_with_ties(scored):
    sklearn = pytest.importorskip("sklearn.metrics")
    assert metrics.auc(*scored) == pytest.approx(sklearn.roc_auc_score(*scored), abs=1e-12)


def test_auc_of_one_label_is_undefined():
    assert np.isnan(metrics.auc(np.ones(3, int), np.arange(3.0)))


def test_roc_bounds_the_same_area(scored):
    false_rate, true_rate = metrics.roc(*scored)
    assert np.trapezoid(true_rate, false_rate) == pytest.approx(metrics.auc(*scored), abs=1e-12)


def test_rates():
    labels = np.array([1, 1, 1, 1, 0, 0])
    result = metrics.rates(labels, np.array([1, 1, 1, 0, 0, 1], dtype=bool))
    assert result == {"se": 0.75, "sp": 0.5, "macc": 0.625}


def test_challenge_score_by_hand():
    labels = np.array([1, 1, 1, 1, 0, 0])
    usable = np.array([True, True, True, False, True, False])
    calls = np.array(["abnormal", "unsure", "normal", "unsure", "normal", "abnormal"])
    result = metrics.challenge_score(labels, usable, calls)
    assert result["se"] == pytest.approx(3 / 4 * 1 / 3 + 1 / 4 * 1)
    assert result["sp"] == pytest.approx(1 / 2 * 1 + 1 / 2 * 0)


def test_unsure_costs_on_a_usable_recording_alone():
    labels, calls = np.array([1, 0]), np.array(["unsure", "unsure"])
    assert metrics.challenge_score(labels, np.array([True, True]), calls)["macc"] == 0
    assert metrics.challenge_score(labels, np.array([False, False]), calls)["macc"] == 1


def test_calibration_error_of_honest_and_of_bold_probabilities():
    rng = np.random.default_rng(0)
    p = rng.random(20000)
    labels = (rng.random(20000) < p).astype(int)
    assert metrics.expected_calibration_error(labels, p) < 0.02
    assert metrics.expected_calibration_error(labels, np.where(p > 0.5, 0.99, 0.01)) > 0.2


def test_risk_falls_with_coverage_for_a_confidence_that_means_something(scored):
    labels, scores = scored
    coverage, risk = metrics.risk_coverage(labels, scores > 0.5, np.abs(scores - 0.5))
    assert coverage[-1] == 1
    assert risk[len(risk) // 4] < risk[-1]


def test_predictive_values_by_bayes():
    ppv, npv = metrics.predictive_values(0.9, 0.8, 0.1)
    assert ppv == pytest.approx(0.09 / (0.09 + 0.18))
    assert npv == pytest.approx(0.72 / (0.72 + 0.01))


def test_macro_needs_every_database():
    assert metrics.macro({"a": 0.5, "b": 1.0}, ["a", "b"]) == 0.75
    assert np.isnan(metrics.macro({"a": 0.5}, ["a", "b"]))
