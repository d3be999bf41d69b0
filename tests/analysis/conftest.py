"""A registered model whose reading is known beforehand, and recordings with sound behind them."""

from __future__ import annotations

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone

from analysis.models import ModelVersion
from ml.inference.curve import CurvePoint, OperatingCurve
from ml.inference.reading import HeartSoundReading, ModelIdentity, SignalQuality
from recordings.audio_store import store_audio
from recordings.models import Recording
from tests import factories


def make_reading(label="normal", reason=None, probability=0.12, **fields) -> HeartSoundReading:
    defaults = {
        "threshold": 0.4,
        "unsure_band": (0.3, 0.55),
        "quality": SignalQuality(usable=True, score=0.9),
        "heart_rate_bpm": 72.0,
        "duration_s": 3.0,
        "sample_rate_hz": 8000,
        "s1_times_s": (0.5, 1.3),
        "s2_times_s": (0.8, 1.6),
        "model": ModelIdentity("heart", "test"),
        "elapsed_ms": 5.0,
    }
    return HeartSoundReading(
        label=label, unsure_reason=reason, probability_abnormal=probability, **{**defaults, **fields}
    )


class KnownPredictor:
    """Reads everything the same way, and remembers what it was given."""

    def __init__(self, reading: HeartSoundReading | None = None, error: Exception | None = None):
        self.reading = reading or make_reading()
        self.error = error
        self.heard: list[tuple[np.ndarray, int]] = []

    def read(self, samples: np.ndarray, fs_hz: int) -> HeartSoundReading:
        self.heard.append((samples, fs_hz))
        if self.error is not None:
            raise self.error
        return self.reading


@pytest.fixture
def predictor(monkeypatch):
    known = KnownPredictor()
    monkeypatch.setattr("analysis.pipeline.predictor_for", lambda version, point, sensitivity: known)
    return known


@pytest.fixture
def model(db):
    return ModelVersion.objects.create(
        name="heart",
        version="test",
        directory="/none",
        artefact_sha256="a" * 64,
        stage=ModelVersion.Stage.CURRENT,
    )


# Threshold, sensitivity, specificity of 100 abnormal and 100 normal recordings.
CURVE_ROWS = [
    (0.05, 1.0, 0.3),
    (0.1, 0.97, 0.61),
    (0.2, 0.95, 0.7),
    (0.3, 0.9, 0.8),
    (0.4, 0.85, 0.9),
    (0.6, 0.5, 1.0),
]


def facts(rows=CURVE_ROWS) -> dict:
    """What a registered version keeps of an artefact with a curve."""
    points = tuple(CurvePoint(t, (t - 0.01, t + 0.01), se, sp) for t, se, sp in rows)
    return {
        "operating_points": {
            "balanced": {"threshold": 0.4, "unsure_band": [0.35, 0.45]},
            "screening": {"threshold": 0.2, "unsure_band": [0.15, 0.25]},
        },
        "operating_curve": OperatingCurve(points, 100, 100).as_dict(),
        "trained_on": "synthetic recordings",
    }


@pytest.fixture
def adjustable(model):
    model.metadata = facts()
    model.save()
    return model


@pytest.fixture
def browse():
    """browse(user) is a browser with that person logged in."""

    def open_browser(user):
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return open_browser


@pytest.fixture
def recording(clinic, settings, tmp_path):
    """Three seconds of stored sound in the clinic."""
    settings.MEDIA_ROOT = tmp_path
    session = factories.make_session(clinic)
    made = factories.make_recording(session, status=Recording.Status.RECEIVING, n_samples=24000)
    pcm = (8000 * np.sin(np.arange(24000) * 0.05)).astype(np.int16)
    stored = store_audio(made, pcm, rate_hz=8000)
    made.audio, made.pcm_sha256 = stored.name, stored.pcm_sha256
    made.status, made.stored_at = Recording.Status.STORED, timezone.now()
    made.save()
    return made


@pytest.fixture
def nudges(monkeypatch):
    """Ids handed to the queue, in place of a queue."""
    handed: list[str] = []
    monkeypatch.setattr(
        "analysis.services.requests.enqueue", lambda analysis: handed.append(str(analysis.pk))
    )
    return handed
