"""What an operating point means among a clinic's patients, and what happens where a model cannot map the wish."""

from __future__ import annotations

import pytest

from analysis.curve_plot import HEIGHT, WIDTH, curve_plot
from analysis.operating_points import decision_of, offered_sensitivities, point_for
from tests.analysis.conftest import facts

CHOICE = {"operating_point": "balanced", "wanted_sensitivity": 0.93, "prevalence": 0.2}


def test_every_point_has_the_figures_of_its_own_threshold(adjustable):
    decision = decision_of(adjustable, **CHOICE)
    assert [(p.name, p.threshold, p.sensitivity, p.specificity) for p in decision.points] == [
        ("balanced", 0.4, 0.85, 0.9),
        ("screening", 0.2, 0.95, 0.7),
        ("adjusted", 0.2, 0.95, 0.7),
    ]
    assert decision.chosen.name == "balanced"
    # The band of a released point is the model's own, not the curve's.
    assert decision.points[0].unsure_band == (0.35, 0.45)


def test_predictive_values_and_counts_follow_the_prevalence(adjustable):
    rare, common = (
        decision_of(adjustable, **CHOICE | {"prevalence": share}).points[0] for share in (0.02, 0.5)
    )
    assert rare.ppv == pytest.approx(17 / (17 + 98))
    assert common.ppv == pytest.approx(425 / (425 + 50))
    assert rare.npv > common.npv
    counts = rare.counts
    assert (counts.abnormal, counts.found, counts.missed) == (20, 17, 3)
    assert (counts.normal, counts.alarms, counts.cleared) == (980, 98, 882)


def test_a_wish_beyond_the_floor_of_specificity_is_met_as_far_as_it_goes(adjustable):
    decision = decision_of(adjustable, **CHOICE | {"operating_point": "adjusted", "wanted_sensitivity": 0.98})
    assert decision.is_limited
    assert (decision.chosen.sensitivity, decision.chosen.specificity) == (0.97, 0.61)
    assert offered_sensitivities(adjustable) == (0.8, 0.97)
    assert not decision_of(adjustable, **CHOICE | {"operating_point": "adjusted"}).is_limited


def test_without_a_curve_thresholds_are_known_and_nothing_else(model):
    model.metadata = facts() | {"operating_curve": None}
    decision = decision_of(model, **CHOICE | {"operating_point": "adjusted"})
    assert [(p.name, p.threshold, p.sensitivity, p.ppv, p.counts) for p in decision.points] == [
        ("balanced", 0.4, None, None, None),
        ("screening", 0.2, None, None, None),
    ]
    assert decision.chosen.name == decision.stand_in == "screening"
    assert offered_sensitivities(model) is None
    assert curve_plot(decision) is None


def test_a_version_registered_before_its_points_were_kept_shows_none(model):
    assert decision_of(model, **CHOICE).points == ()
    assert offered_sensitivities(None) is None


def test_an_unadjusted_clinic_reads_as_it_chose(adjustable, clinic):
    clinic.operating_point = "screening"
    assert point_for(adjustable, clinic) == ("screening", None)


def test_the_plot_stays_in_its_frame_and_marks_the_choice(adjustable):
    plot = curve_plot(decision_of(adjustable, **CHOICE))
    places = [tuple(map(float, pair.split(","))) for pair in plot.line.split()]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in places)
    assert [(mark.name, mark.is_chosen) for mark in plot.marks] == [
        ("screening", False),
        ("adjusted", False),
        ("balanced", True),
    ]
    assert all((mark.x, mark.y) in places for mark in plot.marks)
    # 0.85 and 0.9 in frames from 0.7 and from 0.4.
    assert (plot.marks[2].x, plot.marks[2].y) == (160.0, pytest.approx(33.3))
