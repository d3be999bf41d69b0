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
from ml.inference.predictor import Predictor
from ml.inference.reading import HeartSoundReading

_CHUNK = 8
# One model per process, opened at its first recording.
_opened: dict[Path | None, Predictor] = {}


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


def with_reading(done: Sequence[ReadRecording]) -> list[tuple[Recording, HeartSoundReading]]:
    """Those that could be read."""
    return [(item.recording, item.reading) for item in done if item.reading is not None]


def predictions_of(done: Sequence[ReadRecording]) -> tuple[Predictions, np.ndarray, np.ndarray]:
    """Predictions (score is the probability's logit), probabilities and three-way calls of what could be read."""
    read = with_reading(done)
    p = np.array([reading.probability_abnormal for _, reading in read])
    bounded = np.clip(p, 1e-9, 1 - 1e-9)
    predictions = Predictions(
        file_ids=np.array([recording.file_id for recording, _ in read]),
        databases=np.array([recording.database for recording, _ in read]),
        subjects=np.array([recording.subject_id for recording, _ in read]),
        labels=np.array([recording.label for recording, _ in read]),
        usable=np.array([recording.usable for recording, _ in read], dtype=bool),
        scores=np.log(bounded) - np.log1p(-bounded),
    )
    return predictions, p, np.array([reading.label for _, reading in read])
