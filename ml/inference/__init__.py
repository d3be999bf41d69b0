"""Reading a recording with a trained model: `load_predictor(...).read(samples, fs)`.

Importing this package imports no engine, no scipy and no TensorFlow; `load_predictor` brings in what it
needs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ml.inference.predictor import Predictor

RELEASE_DIR = Path(__file__).resolve().parent.parent / "release"


def load_predictor(
    model_dir: Path | None = None, engine: str = "auto", operating_point: str = "balanced"
) -> Predictor:
    """The predictor of `model_dir`, or of the committed release; `engine` is auto, onnx, litert or keras.

    Raises `ml.inference.errors.ArtefactError` for a damaged or missing model and
    `ml.inference.errors.EngineError` for an engine that is not installed.
    """
    from ml.inference.predictor import EnsemblePredictor

    return EnsemblePredictor.load(model_dir or RELEASE_DIR, engine=engine, operating_point=operating_point)


__all__ = ["RELEASE_DIR", "load_predictor"]
