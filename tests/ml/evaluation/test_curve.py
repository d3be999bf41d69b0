"""The operating curve says of each threshold what counting the recordings says."""

import itertools

import numpy as np
import pytest

from ml.evaluation.calibration import equal_weights, unsure_band
from ml.evaluation.curve import operating_curve
from ml.evaluation.metrics import rates
from ml.evaluation.predictions import Predictions


def held_out(n=2000, seed=0, ties=False):
    rng = np.random.default_rng(seed)
    labels = (rng.random(n) < 0.2).astype(int)
    p = 1 / (1 + np.exp(-rng.normal(2.5 * labels - 1.5)))
    return labels, np.round(p, 2) if ties else p


@pytest.mark.parametrize("ties", [False, True])
def test_every_point_is_what_counting_says(ties):
    labels, p = held_out(ties=ties)
    for point in operating_curve(labels, p).points:
        counted = rates(labels, p >= point.threshold)
        assert point.sensitivity == pytest.approx(counted["se"])
        assert point.specificity == pytest.approx(counted["sp"])
        assert point.unsure_band == unsure_band(p, point.threshold)


def test_some_sixty_points_rise_from_every_abnormal_found_to_few():
    curve = operating_curve(*held_out())
    assert 55 <= len(curve.points) <= 70
    assert curve.points[0].sensitivity == 1.0
    assert curve.points[-1].sensitivity < 0.1
    for low, high in itertools.pairwise(curve.points):
        assert low.threshold < high.threshold
        assert low.sensitivity > high.sensitivity
        assert low.specificity <= high.specificity
        assert low.unsure_band[0] <= high.unsure_band[0]
        assert low.unsure_band[1] <= high.unsure_band[1]


def test_the_steps_are_fine_where_a_clinic_may_choose():
    inside = [point.sensitivity for point in operating_curve(*held_out()).points if point.sensitivity > 0.75]
    assert max(high - low for high, low in itertools.pairwise(inside)) < 0.01


def test_the_thresholds_asked_for_are_among_the_points():
    labels, p = held_out()
    asked = (0.1234, 0.4321)
    curve = operating_curve(labels, p, asked)
    for threshold in asked:
        assert curve.at_threshold(threshold).sensitivity == pytest.approx(rates(labels, p >= threshold)["se"])
    assert curve.at_threshold(0.5) is None


@pytest.mark.parametrize("n_abnormal", [10, 7, 100])
def test_a_wish_is_met_to_the_recording(n_abnormal):
    """0.8 of 10 are eight recordings, not nine by an error of rounding."""
    p = np.linspace(0.9, 0.5, n_abnormal)
    labels = np.concatenate([np.ones(n_abnormal), np.zeros(50)]).astype(int)
    curve = operating_curve(labels, np.concatenate([p, np.linspace(0.01, 0.4, 50)]))
    found = curve.at_sensitivity(0.8)
    assert round(found.sensitivity * n_abnormal) == int(np.ceil(0.8 * n_abnormal - 1e-9))


@pytest.mark.parametrize("label", [0, 1])
def test_one_label_alone_makes_no_curve(label):
    with pytest.raises(ValueError, match="abnormal and normal"):
        operating_curve(np.full(10, label), np.linspace(0, 1, 10))


def test_weights_count_as_copies_do():
    labels, p = held_out(300)
    copies = np.random.default_rng(1).integers(1, 4, len(labels))
    weighted = operating_curve(labels, p, weights=copies.astype(float))
    copied = operating_curve(np.repeat(labels, copies), np.repeat(p, copies))
    assert weighted.databases_alike
    assert not copied.databases_alike
    for ours, theirs in zip(weighted.points, copied.points, strict=True):
        assert ours.threshold == theirs.threshold
        assert ours.sensitivity == pytest.approx(theirs.sensitivity)
        assert ours.specificity == pytest.approx(theirs.specificity)


def test_equal_databases_count_alike_whatever_their_size():
    """A large easy database does not hide a small hard one."""
    databases = np.array(["easy"] * 900 + ["hard"] * 100)
    labels = np.array(([1] * 450 + [0] * 450) + ([1] * 50 + [0] * 50))
    p = np.concatenate([np.full(450, 0.9), np.full(450, 0.1), np.full(50, 0.4), np.full(50, 0.6)])
    held = Predictions(
        np.arange(1000).astype(str), databases, databases, labels, np.ones(1000, dtype=bool), p
    )
    pooled = operating_curve(labels, p, [0.5]).at_threshold(0.5)
    alike = operating_curve(labels, p, [0.5], equal_weights(held)).at_threshold(0.5)
    assert (pooled.sensitivity, pooled.specificity) == (0.9, 0.9)
    assert (alike.sensitivity, alike.specificity) == (0.5, 0.5)
