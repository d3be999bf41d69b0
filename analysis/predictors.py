"""One loaded model per version, kept for the life of the worker and read at any of its operating points."""

from __future__ import annotations

import functools
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from analysis.artefacts import require_unchanged
from analysis.models import ModelVersion

if TYPE_CHECKING:
    from ml.inference.predictor import EnsemblePredictor, Predictor

_loading = threading.Lock()


def predictor_for(
    version: ModelVersion, operating_point: str, wanted_sensitivity: float | None = None
) -> Predictor:
    """Raises ArtefactError when the files changed or went since they were registered, or for a point they lack."""
    with _loading:
        loaded = _load(version.directory, version.artefact_sha256)
    return loaded.at(operating_point or "balanced", wanted_sensitivity)


@functools.lru_cache(maxsize=4)
def _load(directory: str, artefact_sha256: str) -> EnsemblePredictor:
    from ml.inference.predictor import EnsemblePredictor

    require_unchanged(Path(directory), artefact_sha256)
    return EnsemblePredictor.load(Path(directory), engine=settings.INFERENCE_ENGINE)
