"""Keras, the source of truth the other engines are compared with. Slow and large; never in a process that
forks."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ml.inference.engines import Session
from ml.inference.engines.onnx import last_column
from ml.inference.errors import EngineError


def open_file(path: Path) -> Session:
    """A session on a .keras file. Raises EngineError engine.not_installed or engine.failed."""
    try:
        import keras
    except ImportError as error:
        raise EngineError(
            "engine.not_installed",
            "Keras is not installed: pip install -r requirements.txt, or use the engine onnx.",
        ) from error
    try:
        model = keras.models.load_model(path, compile=False)
    except (ValueError, OSError, TypeError) as error:
        raise EngineError("engine.failed", f"Keras cannot load {path.name}: {error}.") from error

    def run(batch: np.ndarray) -> np.ndarray:
        return last_column(np.asarray(model.predict_on_batch(np.asarray(batch, dtype=np.float32))))

    return run
