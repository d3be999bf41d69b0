"""LiteRT (formerly TensorFlow Lite), by the small `ai-edge-litert` package, never by TensorFlow itself."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np

from ml.inference.engines import Session
from ml.inference.engines.onnx import last_column
from ml.inference.errors import EngineError


def open_file(path: Path) -> Session:
    """A session on a .tflite file. Raises EngineError engine.not_installed or engine.failed."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise EngineError(
            "engine.not_installed",
            "LiteRT is not installed: pip install ai-edge-litert, or use the engine onnx.",
        ) from error
    try:
        interpreter = Interpreter(model_path=str(path), num_threads=1)
    except (ValueError, RuntimeError) as error:
        raise EngineError("engine.failed", f"LiteRT cannot load {path.name}: {error}.") from error
    input_index = interpreter.get_input_details()[0]["index"]
    output_index = interpreter.get_output_details()[0]["index"]
    lock = threading.Lock()  # an interpreter holds its tensors itself

    def run(batch: np.ndarray) -> np.ndarray:
        with lock:
            interpreter.resize_tensor_input(input_index, batch.shape)
            interpreter.allocate_tensors()
            interpreter.set_tensor(input_index, np.ascontiguousarray(batch, dtype=np.float32))
            interpreter.invoke()
            return last_column(interpreter.get_tensor(output_index))

    return run
