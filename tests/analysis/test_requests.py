from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from accounts.models import AuditEvent
from analysis.models import Analysis, ModelVersion
from analysis.services import requests
from analysis.services.requests import request_analysis, retry_analysis
from recordings.models import Recording

SYSTEM = Actor.system()


def test_a_request_is_queued_once_committed_and_audited(
    model, recording, nudges, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        analysis = request_analysis(recording=recording, by=SYSTEM)
        assert nudges == [], "the queue must not hear of a row that may yet be rolled back"
    assert nudges == [str(analysis.pk)]
    assert (analysis.status, analysis.model_version) == (Analysis.Status.QUEUED, model)
    assert AuditEvent.objects.filter(action="analysis.requested", object_id=str(analysis.pk)).count() == 1


def test_asking_again_while_one_is_owed_returns_that_one(model, recording, nudges):
    first = request_analysis(recording=recording, by=SYSTEM)
    assert request_analysis(recording=recording, by=SYSTEM) == first
    first.status, first.label, first.probability_abnormal = Analysis.Status.DONE, "normal", 0.1
    first.save()
    assert request_analysis(recording=recording, by=SYSTEM) != first


def test_a_recording_without_sound_is_refused(model, recording, nudges):
    recording.status = Recording.Status.RECEIVING
    with pytest.raises(HeartSiteError) as refused:
        request_analysis(recording=recording, by=SYSTEM)
    assert refused.value.code == "analysis.not_stored"
    assert not Analysis.objects.exists()


def test_a_shadow_model_reads_beside_the_current_one(model, recording, nudges):
    shadow = ModelVersion.objects.create(
        name="heart", version="next", artefact_sha256="b" * 64, stage=ModelVersion.Stage.SHADOW
    )
    request_analysis(recording=recording, by=SYSTEM)
    assert set(recording.analyses.values_list("model_version", "is_shadow")) == {
        (model.pk, False),
        (shadow.pk, True),
    }


def adjust(recording, wanted):
    recording.clinic.operating_point, recording.clinic.wanted_sensitivity = "adjusted", wanted
    recording.clinic.save()


def test_an_adjusted_clinics_wish_is_written_down_and_outlives_a_change(adjustable, recording, nudges):
    adjust(recording, 0.93)
    asked = request_analysis(recording=recording, by=SYSTEM)
    adjust(recording, 0.85)
    asked.refresh_from_db()
    assert (asked.operating_point, asked.wanted_sensitivity) == ("adjusted", 0.93)


@pytest.mark.parametrize(
    ("wanted", "stand_in"), [(0.93, "screening"), (0.90, "screening"), (0.85, "balanced")]
)
def test_a_model_that_cannot_be_adjusted_reads_at_the_nearest_released_point(
    model, recording, nudges, wanted, stand_in
):
    adjust(recording, wanted)
    asked = request_analysis(recording=recording, by=SYSTEM)
    assert (asked.operating_point, asked.wanted_sensitivity) == (stand_in, None)


def test_each_model_maps_the_wish_by_its_own_means(adjustable, recording, nudges):
    ModelVersion.objects.create(name="heart", version="next", artefact_sha256="b" * 64, stage="shadow")
    adjust(recording, 0.93)
    request_analysis(recording=recording, by=SYSTEM)
    assert set(recording.analyses.values_list("is_shadow", "operating_point")) == {
        (False, "adjusted"),
        (True, "screening"),
    }


def test_an_adjusted_analysis_says_to_what(model, recording):
    with pytest.raises(IntegrityError), transaction.atomic():
        Analysis.objects.create(
            clinic=recording.clinic, recording=recording, model_version=model, operating_point="adjusted"
        )


def test_a_chosen_model_brings_no_shadow_along(model, recording, nudges):
    ModelVersion.objects.create(name="heart", version="next", artefact_sha256="b" * 64, stage="shadow")
    request_analysis(recording=recording, by=SYSTEM, model=model)
    assert recording.analyses.count() == 1


@pytest.mark.parametrize("stage", ["candidate", "shadow"])
def test_what_a_model_not_in_use_says_is_never_a_result(model, recording, nudges, stage):
    other = ModelVersion.objects.create(name="heart", version="next", artefact_sha256="b" * 64, stage=stage)
    with pytest.raises(HeartSiteError) as refused:
        request_analysis(recording=recording, by=SYSTEM, model=other)
    assert refused.value.code == "analysis.model_not_in_use"
    assert not recording.analyses.exists()
    other.stage = "retired"
    assert request_analysis(recording=recording, by=SYSTEM, model=other).model_version == other


def test_an_unreachable_queue_leaves_the_row_for_the_sweep(model, recording, monkeypatch, caplog):
    def unreachable(*args, **kwargs):
        raise OperationalError

    monkeypatch.setattr("analysis.tasks.analyse.apply_async", unreachable)
    analysis = Analysis.objects.create(clinic=recording.clinic, recording=recording, model_version=model)
    requests.enqueue(analysis)
    analysis.refresh_from_db()
    assert analysis.status == Analysis.Status.QUEUED
    assert "unreachable" in caplog.text


def test_only_a_failed_analysis_is_retried(model, recording, nudges, django_capture_on_commit_callbacks):
    analysis = Analysis.objects.create(
        clinic=recording.clinic,
        recording=recording,
        model_version=model,
        status="failed",
        attempts=3,
        error_code="x",
    )
    with django_capture_on_commit_callbacks(execute=True):
        retried = retry_analysis(analysis=analysis, by=SYSTEM)
    assert (retried.status, retried.attempts, retried.error_code) == (Analysis.Status.QUEUED, 0, "")
    assert nudges == [str(analysis.pk)]
    with pytest.raises(HeartSiteError) as refused:
        retry_analysis(analysis=analysis, by=SYSTEM)
    assert refused.value.code == "analysis.not_failed"


def test_the_sweep_asks_for_recordings_that_were_stored_while_no_model_was_there(
    recording, nudges, settings, tmp_path
):
    settings.MODEL_DIR = tmp_path
    Recording.objects.filter(pk=recording.pk).update(stored_at=timezone.now() - timedelta(minutes=1))
    requests.sweep_owed()
    assert not recording.analyses.exists()
    ModelVersion.objects.create(name="heart", version="1", artefact_sha256="a" * 64, stage="current")
    requests.sweep_owed()
    requests.sweep_owed()
    assert recording.analyses.count() == 1


def test_the_sweep_leaves_fresh_and_deleted_recordings_alone(model, recording, nudges):
    requests.sweep_owed()
    long_ago = timezone.now() - timedelta(minutes=1)
    Recording.objects.filter(pk=recording.pk).update(stored_at=long_ago, deleted_at=timezone.now())
    requests.sweep_owed()
    assert not recording.analyses.exists()
