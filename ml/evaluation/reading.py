"""Reads every recording of a folder with a model, in several processes where asked to."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from ml.data.physionet import Recording
from ml.dsp.io import load_audio
from ml.errors import SignalError
from ml.evaluation.predictions import Predictions
from ml.inference import load_predictor
from ml.inference.predictor import EnsemblePredictor
from ml.inference.reading import HeartSoundReading

_CHUNK = 8
# One model per process, opened at its first recording.
_opened: dict[Path | None, EnsemblePredictor] = {}


@dataclass(frozen=True)
class ReadRecording:
    """A recording with what the model said of it; `reading` is None, with `error` a code, where it could not."""

    recording: Recording
    reading: HeartSoundReading | None
    error: str | None = None


def read_all(
    recordings: Sequence[Recording],
    model_dir: Path | None,
    *,
    workers: int,
    progress: Callable[[Iterator[ReadRecording], int], Iterator[ReadRecording]] = lambda items, total: items,
) -> list[ReadRecording]:
    """Every recording read, in order; a sound that cannot be read does not stop the others."""
    work = partial(read_one, model_dir=model_dir)
    if workers <= 1:
        return list(progress(map(work, recordings), len(recordings)))
    with ProcessPoolExecutor(workers, mp_context=get_context("forkserver")) as pool:
        return list(progress(pool.map(work, recordings, chunksize=_CHUNK), len(recordings)))


def read_one(recording: Recording, *, model_dir: Path | None) -> ReadRecording:
    """Read one recording with the model of this process."""
    if model_dir not in _opened:
        _opened[model_dir] = load_predictor(model_dir)
    try:
        samples, fs_hz = load_audio(recording.path)
        return ReadRecording(recording, _opened[model_dir].read(samples, fs_hz, explain=False))
    except SignalError as error:
        return ReadRecording(recording, None, error.code)


def predictions_of(done: Sequence[ReadRecording]) -> tuple[Predictions, np.ndarray, np.ndarray]:
    """Predictions (score is the probability's logit), probabilities and three-way calls of what could be read."""
    read = [item for item in done if item.reading is not None]
    p = np.array([item.reading.probability_abnormal for item in read])
    bounded = np.clip(p, 1e-9, 1 - 1e-9)
    predictions = Predictions(
        file_ids=np.array([item.recording.file_id for item in read]),
        databases=np.array([item.recording.database for item in read]),
        subjects=np.array([item.recording.subject_id for item in read]),
        labels=np.array([item.recording.label for item in read]),
        usable=np.array([item.recording.usable for item in read], dtype=bool),
        scores=np.log(bounded) - np.log1p(-bounded),
    )
    return predictions, p, np.array([item.reading.label for item in read])
