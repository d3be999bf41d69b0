"""Reading an operating curve: what may be asked for, what is refused, what it means at a prevalence."""

import json

import pytest

from ml.inference.curve import (
    MAX_SENSITIVITY,
    MIN_SENSITIVITY,
    MIN_SPECIFICITY,
    CurvePoint,
    OperatingCurve,
    parse_curve,
    predictive_values,
)
from ml.inference.errors import ArtefactError

# Threshold, sensitivity, specificity; of 100 abnormal and 100 normal recordings.
ROWS = [
    (0.05, 1.0, 0.3),
    (0.1, 0.97, 0.61),
    (0.2, 0.95, 0.7),
    (0.3, 0.9, 0.8),
    (0.4, 0.82, 0.9),
    (0.6, 0.5, 0.97),
]


def make_curve(rows=ROWS):
    points = tuple(CurvePoint(t, (max(t - 0.02, 0), t + 0.02), se, sp) for t, se, sp in rows)
    return OperatingCurve(points, 100, 100)


@pytest.mark.parametrize(
    ("wanted", "threshold"), [(0.80, 0.4), (0.82, 0.4), (0.83, 0.3), (0.93, 0.2), (0.95, 0.2), (0.96, 0.1)]
)
def test_a_wish_becomes_the_highest_threshold_that_meets_it(wanted, threshold):
    assert make_curve().at_sensitivity(wanted).threshold == threshold


def test_specificity_is_never_given_up_below_its_floor():
    curve = make_curve()
    assert curve.highest_sensitivity == 0.97
    found = curve.at_sensitivity(0.98)
    assert (found.sensitivity, found.specificity) == (0.97, 0.61)
    assert all(curve.at_sensitivity(s / 100).specificity >= MIN_SPECIFICITY for s in range(80, 99))


def test_a_model_that_pays_too_much_for_sensitivity_offers_nothing():
    curve = make_curve([(0.1, 1.0, 0.2), (0.3, 0.85, 0.5), (0.5, 0.7, 0.9)])
    assert curve.highest_sensitivity is None
    assert curve.at_sensitivity(0.9) is None


def test_a_perfect_model_still_promises_no_more_than_the_bound():
    assert make_curve([(0.2, 1.0, 0.9), (0.5, 0.9, 0.95)]).highest_sensitivity == MAX_SENSITIVITY


@pytest.mark.parametrize("wanted", [MIN_SENSITIVITY - 0.01, MAX_SENSITIVITY + 0.005, 1.0, 0.0, float("nan")])
def test_a_wish_outside_the_bounds_is_refused(wanted):
    with pytest.raises(ArtefactError) as caught:
        make_curve().at_sensitivity(wanted)
    assert caught.value.code == "artefact.operating_point"


def test_what_is_written_is_read_back():
    curve = make_curve()
    assert parse_curve(json.loads(json.dumps(curve.as_dict()))) == curve


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda c: c["points"][2].update(sensitivity=0.99), "sensitivity rises"),
        (lambda c: c["points"][2].update(specificity=0.5), "specificity falls"),
        (lambda c: c["points"][2].update(threshold=0.1, unsure_band=[0.05, 0.2]), "do not rise"),
        (lambda c: c["points"][2].update(unsure_band=[0.3, 0.4]), "outside its unsure band"),
        (lambda c: c["points"][2].update(sensitivity="0.95"), "between 0 and 1"),
        (lambda c: c["points"][2].update(specificity=1.4), "between 0 and 1"),
        (lambda c: c["points"][2].pop("threshold"), "wrong form"),
        (lambda c: c.update(points=c["points"][:1]), "fewer than two"),
        (lambda c: c.update(points=7), "wrong form"),
        (lambda c: c.update(n_abnormal=0), "abnormal recordings is 0"),
        (lambda c: c.update(n_normal=True), "normal recordings is True"),
        (lambda c: c.pop("n_normal"), "wrong form"),
    ],
)
def test_a_curve_that_cannot_be_true_is_refused_with_the_reason(change, reason):
    item = make_curve().as_dict()
    change(item)
    with pytest.raises(ArtefactError) as caught:
        parse_curve(item)
    assert caught.value.code == "artefact.curve"
    assert reason in caught.value.message


def test_predictive_values_are_bayes():
    ppv, npv = predictive_values(0.9, 0.8, 0.2)
    assert ppv == pytest.approx(180 / (180 + 160))
    assert npv == pytest.approx(640 / (640 + 20))
    assert predictive_values(0.0, 1.0, 0.2) == (None, 0.8)
    assert predictive_values(1.0, 0.0, 0.2) == (0.2, None)
