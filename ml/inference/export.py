"""Keras to ONNX and LiteRT, with the difference measured before anything is replaced.

TensorFlow is imported by Keras' own exporter, inside `export_artefact`; nothing that serves calls this module.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ml.dsp.cleaning import check_samples
from ml.dsp.io import load_audio
from ml.inference.artefact import Artefact, Member, load_artefact, write_artefact
from ml.inference.engines import open_session
from ml.inference.errors import EngineError
from ml.inference.members import INPUTS, LoadedMember, Prepared, prepare

if TYPE_CHECKING:
    import keras

SUFFIXES = {"onnx": ".onnx", "litert": ".tflite"}
MAX_DIFFERENCE = 1e-3  # of the probability, on any recording
MAX_RECORDINGS = 200
RANDOM_INPUTS = 200

Report = Callable[[str], None]


@dataclass(frozen=True)
class Parity:
    """The largest difference of a recording's probability from Keras', and on how many inputs of what kind."""

    max_abs_dp: float
    n_inputs: int
    inputs: str

    def __str__(self) -> str:
        return f"at most {self.max_abs_dp:.1e} on {self.n_inputs} {self.inputs}"

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "max_abs_dp": float(f"{self.max_abs_dp:.3g}"),
            "n_inputs": self.n_inputs,
            "inputs": self.inputs,
        }


def export_artefact(directory: Path, recordings: Iterable[Prepared] | None, report: Report) -> Artefact:
    """Write ONNX and LiteRT files beside each member's Keras file and describe them in the artefact.

    recordings : what parity is measured on, the first `MAX_RECORDINGS`; None for random inputs of the right shape.
    Members without a Keras file (trees, linear models) are left as they are.
    Raises ArtefactError for a damaged model, EngineError export.failed or export.parity; the model is then unchanged.
    """
    for converter in ("tf2onnx", "tensorflow"):
        logging.getLogger(converter).setLevel(logging.WARNING)
    artefact = load_artefact(directory)
    chosen = None if recordings is None else list(islice(recordings, MAX_RECORDINGS))
    members: list[Member] = []
    parity = dict(artefact.parity)
    with tempfile.TemporaryDirectory(dir=directory, prefix=".export-") as scratch_name:
        scratch = Path(scratch_name)
        for member in artefact.members:
            if "keras" not in member.files:
                report(f"{member.name}: no Keras file, left as it is")
                members.append(member)
                continue
            exported = _export_member(artefact, member, scratch)
            figures = measure_parity(artefact, exported, scratch, chosen)
            parity[member.name] = {name: figure.as_dict() for name, figure in figures.items()}
            for name, figure in figures.items():
                report(f"{member.name}: {name} differs from Keras by {figure}")
            members.append(exported)
        for path in scratch.iterdir():
            shutil.move(path, directory / path.name)
    return write_artefact(directory, replace(artefact, members=tuple(members), parity=parity))


def prepare_files(files: Iterable[Path]) -> Iterator[Prepared]:
    """Each file as the predictor prepares it; one that cannot be read raises SignalError."""
    for path in files:
        samples, fs_hz = load_audio(path)
        yield prepare(check_samples(samples), fs_hz)


def measure_parity(
    artefact: Artefact, member: Member, scratch: Path, recordings: list[Prepared] | None
) -> dict[str, Parity]:
    """Largest difference per exported format. Raises EngineError export.parity above `MAX_DIFFERENCE`."""
    original = LoadedMember(member, open_session(artefact, member, "keras"), INPUTS[member.kind])
    if recordings is None:
        batches, kind = _random_batches(artefact, member), "random inputs"
    else:
        found = (original.input_of(prepared, member.config) for prepared in recordings)
        batches, kind = [batch for batch in found if batch is not None], "recordings"
    expected = _probabilities(original, batches)
    figures = {}
    for file_format in SUFFIXES:
        there = replace(artefact, directory=scratch)
        session = open_session(
            there, replace(member, files={file_format: member.files[file_format]}), file_format
        )
        exported = LoadedMember(member, session, original.input_of)
        difference = float(np.abs(_probabilities(exported, batches) - expected).max())
        if not difference <= MAX_DIFFERENCE:
            raise EngineError(
                "export.parity",
                f"The {file_format} file of {member.name} differs from Keras by {difference:.2g} in probability;"
                f" {MAX_DIFFERENCE} is allowed. Nothing was changed.",
            )
        figures[file_format] = Parity(difference, len(batches), kind)
    return figures


def _export_member(artefact: Artefact, member: Member, scratch: Path) -> Member:
    model = _load_keras(artefact, member)
    files = dict(member.files)
    for file_format, suffix in SUFFIXES.items():
        name = f"{member.name}{suffix}"
        try:
            model.export(str(scratch / name), format=file_format, verbose=False)
        except Exception as error:  # converters raise whatever their compilers do
            raise EngineError(
                "export.failed", f"{member.name} cannot be written as {file_format}: {error}."
            ) from error
        files[file_format] = name
    return replace(member, files=files)


def _load_keras(artefact: Artefact, member: Member) -> keras.Model:
    try:
        import keras
    except ImportError as error:
        raise EngineError(
            "engine.not_installed", "Keras is not installed: pip install -r requirements.txt."
        ) from error
    if keras.backend.backend() != "tensorflow":
        raise EngineError(
            "export.backend",
            "The converters to ONNX and LiteRT are TensorFlow's: run export_model without KERAS_BACKEND. A model that"
            f" was trained with {keras.backend.backend()} is read all the same.",
        )
    model = keras.models.load_model(artefact.path_of(member, "keras"), compile=False)
    model(
        np.zeros((1, *model.input_shape[1:]), dtype=np.float32)
    )  # the exporters refuse a model never called
    return model


def _random_batches(artefact: Artefact, member: Member) -> list[np.ndarray]:
    shape = _load_keras(artefact, member).input_shape[1:]
    rng = np.random.default_rng(0)
    return [rng.standard_normal((1, *shape)).astype(np.float32) for _ in range(RANDOM_INPUTS)]


def _probabilities(member: LoadedMember, batches: list[np.ndarray]) -> np.ndarray:
    logits = np.array([member.logits(batch).mean() for batch in batches])
    return 1 / (1 + np.exp(-np.clip(logits, -60, 60)))
