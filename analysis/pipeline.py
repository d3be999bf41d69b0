"""The worker side: load the sound, read it, write the row. One function, one analysis."""

from __future__ import annotations

import logging
import uuid
from typing import Any

from django.conf import settings

from accounts.errors import HeartSiteError
from analysis.models import Analysis
from analysis.predictors import predictor_for
from analysis.progress import publish
from analysis.services import leases
from analysis.workers import worker_name
from ml.errors import SignalError
from ml.inference.errors import InferenceError
from ml.inference.reading import HeartSoundReading
from recordings.audio_store import read_samples

logger = logging.getLogger(__name__)


def run(analysis_id: uuid.UUID | str) -> None:
    """Claim, read and finish one analysis; safe to call twice. Never raises for what a retry or a person can mend."""
    analysis = leases.claim(analysis_id, worker=worker_name())
    if analysis is None:
        return
    publish(analysis, stage="reading the sound", fraction=0.1)
    try:
        reading = _read(analysis)
    except (HeartSiteError, SignalError, InferenceError) as error:
        # The same sound and the same model would fail the same way again.
        leases.fail(analysis, code=error.code, message=error.message)
    except Exception:
        logger.exception("analysis %s, attempt %s", analysis.pk, analysis.attempts)
        if analysis.attempts < settings.ANALYSIS_MAX_ATTEMPTS:
            leases.release(analysis)
            raise
        leases.fail(
            analysis,
            code="analysis.internal",
            message="The analysis failed three times over. The recording is safe; tell your administrator.",
        )
    else:
        leases.finish(analysis, result_fields(reading))
    analysis.refresh_from_db()
    publish(analysis, stage=analysis.get_status_display().lower(), fraction=1.0)


def _read(analysis: Analysis) -> HeartSoundReading:
    recording = analysis.recording
    if recording is None:
        raise ValueError("Only a recording's analysis can be read; a session's is made of them.")
    samples, fs_hz = read_samples(recording)
    publish(analysis, stage="listening for heart sounds", fraction=0.4)
    predictor = predictor_for(analysis.model_version, analysis.operating_point, analysis.wanted_sensitivity)
    return predictor.read(samples, fs_hz)


def result_fields(reading: HeartSoundReading) -> dict[str, Any]:
    """A reading as the columns of its row."""
    result = reading.as_dict()
    return {
        "label": result["label"],
        "unsure_reason": result["unsure_reason"] or "",
        "probability_abnormal": result["probability_abnormal"],
        "threshold": result["threshold"],
        "band_low": result["unsure_band"][0],
        "band_high": result["unsure_band"][1],
        "heart_rate_bpm": result["heart_rate_bpm"],
        "quality_score": result["quality"]["score"],
        "quality_usable": result["quality"]["usable"],
        "quality_reasons": result["quality"]["reasons"],
        "s1_times_s": result["s1_times_s"],
        "s2_times_s": result["s2_times_s"],
        "evidence": result["evidence"],
        "elapsed_ms": result["elapsed_ms"],
    }
