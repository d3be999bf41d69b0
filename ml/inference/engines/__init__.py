"""Runs a weight file. An engine is a name, a file format and a way to open a session on a file.

`auto` takes ONNX where the model has it, then LiteRT, then Keras. Each engine is imported only when it is
asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ml.inference.artefact import Artefact, Member
from ml.inference.errors import EngineError

Session = Callable[[np.ndarray], np.ndarray]
"""Maps a float32 batch (n, ...) to float64 outputs (n,): a logit or a probability, as the member's config
says."""

ENGINES = ("onnx", "litert", "keras")


def open_session(artefact: Artefact, member: Member, engine: str = "auto") -> Session:
    """A session on `member` with `engine` (auto, onnx, litert or keras).

    Raises `EngineError` with engine.unknown, engine.no_file, engine.not_installed or engine.failed.
    """
    if engine not in ("auto", *ENGINES):
        raise EngineError(
            "engine.unknown", f"There is no engine {engine!r}; there are auto, {', '.join(ENGINES)}."
        )
    # Trees and linear models have an ONNX file only; that is no reason to refuse a whole ensemble another
    # engine.
    wanted = ENGINES if engine == "auto" or tuple(member.files) == ("onnx",) else (engine,)
    for file_format in wanted:
        path = artefact.path_of(member, file_format)
        if path is not None:
            return _open(file_format, path)
    raise EngineError(
        "engine.no_file",
        f"The member {member.name} has no {wanted[0]} file; run `manage.py export_model` to make one.",
    )


def _open(file_format: str, path: Path) -> Session:
    if file_format == "onnx":
        from ml.inference.engines.onnx import open_file
    elif file_format == "litert":
        from ml.inference.engines.litert import open_file
    else:
        from ml.inference.engines.keras import open_file
    return open_file(path)
