"""Keras, the source of truth the other engines are compared with. Slow and large; never in a process that
forks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ml.inference.engines import Session
from ml.inference.engines.onnx import last_column
from ml.inference.errors import EngineError

if TYPE_CHECKING:
    import keras


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
        return last_column(predict(model, np.asarray(batch, dtype=np.float32)))

    return run


def predict(model: keras.Model, batch: NDArray[np.floating]) -> NDArray[Any]:
    """What `model` answers to a batch (n, ...), shape (n, ...).

    JAX compiles a network anew for every number of examples, which takes longer than to predict thousands: there a
    batch is filled up to the next power of two.
    """
    import keras

    n = len(batch)
    if keras.backend.backend() == "jax":
        missing = (1 << (n - 1).bit_length()) - n
        batch = np.concatenate([batch, np.zeros((missing, *batch.shape[1:]), batch.dtype)])
    return np.asarray(model.predict_on_batch(batch))[:n]
