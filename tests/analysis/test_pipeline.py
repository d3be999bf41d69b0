from __future__ import annotations

import numpy as np
import pytest

from analysis import pipeline
from analysis.models import Analysis
from ml.errors import SignalError
from ml.inference.errors import ArtefactError
from ml.inference.reading import SignalQuality
from tests.analysis.conftest import make_reading


@pytest.fixture
def queued(model, recording):
    return Analysis.objects.create(clinic=recording.clinic, recording=recording, model_version=model)


@pytest.fixture
def told(monkeypatch):
    messages: list[dict] = []
    monkeypatch.setattr(
        "analysis.progress.notify", lambda group, message: messages.append({"group": group, **message})
    )
    return messages


def test_the_stored_sound_reaches_the_model_and_its_reading_the_row(queued, predictor, told):
    predictor.reading = make_reading("abnormal", probability=0.8, quality=SignalQuality(True, 0.7, ()))
    pipeline.run(queued.pk)
    samples, fs_hz = predictor.heard[0]
    assert (samples.shape, samples.dtype, fs_hz) == ((24000,), np.float32, 8000)
    assert samples.max() == pytest.approx(8000 / 32768, abs=1e-3)
    queued.refresh_from_db()
    assert (queued.status, queued.label, queued.probability_abnormal) == (
        Analysis.Status.DONE,
        "abnormal",
        0.8,
    )
    assert (queued.band_low, queued.band_high, queued.s1_times_s) == (0.3, 0.55, [0.5, 1.3])
    assert queued.finished_at >= queued.started_at


def test_desktops_hear_of_progress_but_not_of_the_result(queued, predictor, told):
    pipeline.run(queued.pk)
    assert [message["status"] for message in told] == ["running", "running", "done"]
    assert {message["group"] for message in told} == {f"monitor.{queued.recording.session_id}"}
    assert set(told[-1]) == {"group", "type", "recording", "analysis", "status", "stage", "fraction"}


def test_running_twice_reads_once(queued, predictor, told):
    pipeline.run(queued.pk)
    pipeline.run(queued.pk)
    assert len(predictor.heard) == 1


@pytest.mark.parametrize(
    "error",
    [SignalError("signal.not_finite", "Not a sound."), ArtefactError("artefact.missing", "No model.")],
)
def test_a_known_failure_ends_at_once_with_its_reason(queued, predictor, told, error):
    predictor.error = error
    pipeline.run(queued.pk)
    queued.refresh_from_db()
    assert (queued.status, queued.error_code, queued.error_message) == (
        Analysis.Status.FAILED,
        error.code,
        error.message,
    )


def test_sound_that_went_missing_is_a_reason_not_a_crash(queued, predictor, told):
    queued.recording.audio.storage.delete(queued.recording.audio.name)
    pipeline.run(queued.pk)
    queued.refresh_from_db()
    assert (queued.status, queued.error_code) == (Analysis.Status.FAILED, "recording.no_audio")


def test_an_unknown_failure_is_tried_three_times(queued, predictor, told):
    predictor.error = RuntimeError("out of luck")
    for _ in range(2):
        with pytest.raises(RuntimeError):
            pipeline.run(queued.pk)
        queued.refresh_from_db()
        assert queued.status == Analysis.Status.QUEUED
    pipeline.run(queued.pk)
    queued.refresh_from_db()
    assert (queued.status, queued.error_code, queued.attempts) == (
        Analysis.Status.FAILED,
        "analysis.internal",
        3,
    )


def test_a_shadow_run_is_silent(queued, predictor, told):
    Analysis.objects.filter(pk=queued.pk).update(is_shadow=True)
    pipeline.run(queued.pk)
    queued.refresh_from_db()
    assert queued.status == Analysis.Status.DONE
    assert told == []
