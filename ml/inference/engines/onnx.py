"""ONNX Runtime on the CPU: one session a file, one thread, so that several workers share the cores fairly."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ml.inference.engines import Session
from ml.inference.errors import EngineError

if TYPE_CHECKING:
    import onnxruntime


def open_file(path: Path) -> Session:
    """A session on an ONNX file. Raises EngineError engine.not_installed or engine.failed."""
    try:
        import onnxruntime
    except ImportError as error:
        raise EngineError(
            "engine.not_installed", "ONNX Runtime is not installed: pip install -r requirements-serve.txt."
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime raises a dozen types of its own, none of them public
        raise EngineError("engine.failed", f"ONNX Runtime cannot load {path.name}: {error}.") from error
    input_name = session.get_inputs()[0].name
    output = _output_index(session)

    def run(batch: np.ndarray) -> np.ndarray:
        result = session.run(None, {input_name: np.ascontiguousarray(batch, dtype=np.float32)})[output]
        return last_column(np.asarray(result))

    return run


def _output_index(session: onnxruntime.InferenceSession) -> int:
    """Converted classifiers put the label first and the probabilities second; networks have one output."""
    for index, output in enumerate(session.get_outputs()):
        if output.type == "tensor(float)":
            return index
    raise EngineError("engine.failed", "The ONNX file has no output of 32-bit floats.")


def last_column(result: np.ndarray) -> np.ndarray:
    """(n,) float64 of (n,), (n, 1) or (n, 2): the abnormal class is the last."""
    return result.reshape(result.shape[0], -1)[:, -1].astype(np.float64)
