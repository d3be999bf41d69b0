"""A registered model whose reading is known beforehand, and recordings with sound behind them."""

from __future__ import annotations

import numpy as np
import pytest
from django.utils import timezone

from analysis.models import ModelVersion
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
    monkeypatch.setattr("analysis.pipeline.predictor_for", lambda version, operating_point: known)
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
