"""One loaded predictor per model and operating point, kept for the life of the worker."""

from __future__ import annotations

import functools
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from analysis.models import ModelVersion
from ml.inference import load_predictor

if TYPE_CHECKING:
    from ml.inference.predictor import Predictor

_loading = threading.Lock()


def predictor_for(version: ModelVersion, operating_point: str) -> Predictor:
    """Raises ArtefactError when the files changed or went since they were registered."""
    with _loading:
        return _load(version.directory, version.artefact_sha256, operating_point)


@functools.lru_cache(maxsize=4)
def _load(directory: str, artefact_sha256: str, operating_point: str) -> Predictor:
    # The hash is part of the key only: a model replaced in place is loaded anew.
    return load_predictor(Path(directory), engine=settings.INFERENCE_ENGINE, operating_point=operating_point)
