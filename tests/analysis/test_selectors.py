from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils import timezone

from analysis.models import Analysis, ModelVersion
from analysis.selectors import (
    analyses_for,
    get_analysis_for,
    get_visible_result,
    visible_earlier_results,
    with_latest_analysis,
)
from recordings.models import Recording
from tests import factories


def test_a_result_comes_with_the_fixed_words_and_its_geometry(clinician, recording, model):
    factories.make_done(recording, model)
    result = get_visible_result(clinician, recording)
    assert (result.label, result.headline) == ("abnormal", "Abnormal")
    assert result.sentence == "Resembles recordings labelled abnormal. Listen; consider echocardiography."
    assert result.gauge.probability_x == 80
    assert result.gauge.band_low_x + result.gauge.band_width == pytest.approx(result.gauge.band_high_x)
    assert "not a medical device" in result.disclaimer
    assert result.device_note == "accuracy on phones not established"


def test_an_upload_carries_no_phone_note(clinician, recording, model):
    Recording.objects.filter(pk=recording.pk).update(source=Recording.Source.UPLOAD)
    recording.refresh_from_db()
    factories.make_done(recording, model)
    assert get_visible_result(clinician, recording).device_note == ""


def test_no_analysis_is_none(clinician, recording):
    assert get_visible_result(clinician, recording) is None


def test_strangers_get_404_and_people_without_a_clinic_403(stranger, recording, model):
    factories.make_done(recording, model)
    with pytest.raises(Http404):
        get_visible_result(stranger, recording)
    with pytest.raises(PermissionDenied):
        get_visible_result(factories.make_user(), recording)


def test_a_shadow_reading_is_never_visible(clinician, recording, model):
    shown = factories.make_done(recording, model)
    shadow_model = ModelVersion.objects.create(name="heart", version="2", artefact_sha256="c" * 64)
    hidden = factories.make_done(
        recording, shadow_model, is_shadow=True, label="normal", probability_abnormal=0.1
    )
    assert get_visible_result(clinician, recording).analysis_id == shown.pk
    assert [each.analysis_id for each in visible_earlier_results(clinician, recording)] == [shown.pk]
    assert list(analyses_for(clinician)) == [shown]
    with pytest.raises(Http404):
        get_analysis_for(clinician, hidden.pk)


@pytest.mark.parametrize(
    ("patient", "word"),
    [
        ({"prosthetic_valve": True}, "prosthetic"),
        ({"age_months": 17 * 12, "age_recorded_on": timezone.localdate()}, "18"),
    ],
)
def test_outside_its_scope_the_model_is_unsure_whatever_it_computed(
    clinician, recording, model, patient, word
):
    factories.make_done(recording, model)
    for name, value in patient.items():
        setattr(recording.session.patient, name, value)
    result = get_visible_result(clinician, recording)
    assert (result.label, result.unsure_reason) == ("unsure", "out_of_scope")
    assert word in result.insights[0].text
    assert all(insight.topic != "Why" for insight in result.insights)


def test_moving_a_session_to_an_adult_lets_the_model_speak_again(clinician, recording, model):
    factories.make_done(recording, model)
    child = factories.make_patient(recording.clinic, born_on=timezone.localdate() - timedelta(days=3650))
    grown = recording.session.patient
    recording.session.patient = child
    assert get_visible_result(clinician, recording).label == "unsure"
    recording.session.patient = grown
    assert get_visible_result(clinician, recording).label == "abnormal"


def test_the_newest_analysis_is_shown_and_the_others_listed(clinician, recording, model):
    old = factories.make_done(recording, model, label="normal", probability_abnormal=0.1)
    Analysis.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=1))
    new = factories.make_done(recording, model)
    assert get_visible_result(clinician, recording).analysis_id == new.pk
    assert [each.analysis_id for each in visible_earlier_results(clinician, recording)] == [new.pk, old.pk]


def test_lists_cost_the_same_however_long(clinician, recording, model, django_assert_num_queries):
    factories.make_done(recording, model)
    for _ in range(4):
        factories.make_done(factories.make_recording(recording.session), model)
    recordings = Recording.objects.select_related("session__patient")
    with django_assert_num_queries(2):
        results = [get_visible_result(clinician, each) for each in with_latest_analysis(recordings)]
    assert len(results) == 5
