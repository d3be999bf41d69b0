"""Many files, one or several processes: what `analyze` prints, a line at a time."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from ml.dsp.io import AUDIO_SUFFIXES, load_audio
from ml.errors import SignalError
from ml.inference import load_predictor
from ml.inference.predictor import Predictor
from ml.inference.reading import HeartSoundReading
from ml.inference.session import read_session

SCHEMA = 1
# Files handed to a worker process at a time: enough to hide the hand-over, few enough to show progress.
CHUNK = 4


@dataclass(frozen=True)
class Outcome:
    """One file's line, and the reading behind it (None where the file could not be read)."""

    path: Path
    line: dict[str, Any]
    reading: HeartSoundReading | None


@dataclass(frozen=True)
class Batch:
    """How a batch is read. Raises ArtefactError or EngineError before the first file is touched."""

    model_dir: Path | None = None
    engine: str = "auto"
    operating_point: str = "balanced"
    jobs: int = 1

    def read(self, files: Sequence[Path], *, by_folder: bool = False) -> Iterator[dict[str, Any]]:
        """A line for each file in the order given, then, `by_folder`, one for each folder read as a session."""
        predictor = self.load()
        outcomes: list[Outcome] = []
        for outcome in self._outcomes(files, predictor):
            if by_folder:
                outcomes.append(outcome)
            yield outcome.line
        yield from folder_lines(outcomes, predictor)

    def load(self) -> Predictor:
        """The predictor of this batch."""
        return load_predictor(self.model_dir, self.engine, self.operating_point)

    def _outcomes(self, files: Sequence[Path], predictor: Predictor) -> Iterator[Outcome]:
        if self.jobs <= 1 or len(files) <= 1:
            yield from (read_file(path, predictor) for path in files)
            return
        # Fork would copy the engine's locks and threads in whatever state they are.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(min(self.jobs, len(files)), context) as pool:
            yield from pool.map(partial(_read_in_worker, self), files, chunksize=CHUNK)


def find_files(paths: Iterable[Path]) -> list[Path]:
    """The files named, and every sound file under the folders named, each folder's in order, none twice."""
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in AUDIO_SUFFIXES and p.is_file())
            found.update(dict.fromkeys(inside))
        else:
            found[path] = None
    return list(found)


def read_file(path: Path, predictor: Predictor) -> Outcome:
    """Load and read one file; a file that cannot be read yields a line with `error`."""
    started = time.perf_counter()
    try:
        samples, fs_hz = load_audio(path)
        reading = predictor.read(samples, fs_hz, explain=False)
    except SignalError as error:
        return Outcome(path, {"schema": SCHEMA, "path": str(path), "error": _error(error)}, None)
    fields = reading.as_dict()
    del fields["evidence"]
    # From the file to the answer, as a person waits for it; the reading's own figure starts after the decoding.
    fields["elapsed_ms"] = round((time.perf_counter() - started) * 1e3, 2)
    return Outcome(path, {"schema": SCHEMA, "path": str(path), **fields}, reading)


def folder_lines(outcomes: Sequence[Outcome], predictor: Predictor) -> Iterator[dict[str, Any]]:
    """One line per folder that holds a readable file: its recordings fused as sites of one session."""
    folders: dict[Path, list[HeartSoundReading]] = {}
    for outcome in outcomes:
        if outcome.reading is not None:
            folders.setdefault(outcome.path.parent, []).append(outcome.reading)
    for folder, readings in folders.items():
        session = read_session(readings, calibration=predictor.session_calibration)
        model = {"name": predictor.name, "version": predictor.version}
        yield {"schema": SCHEMA, "folder": str(folder), **session.as_dict(), "model": model}


def table_line(line: dict[str, Any]) -> str:
    """A line for people: label and reason, probability, rate, quality, duration, path."""
    if "error" in line:
        return f"{'error':9} {line['error']['message']}  {line['path']}"
    p = line["probability_abnormal"]
    label = f"{line['label']:9} {line['unsure_reason'] or '':12} p {'-' if p is None else format(p, '.2f'):4}"
    if "folder" in line:
        return f"{label} {line['n_usable']}/{line['n_recordings']} usable  {line['folder']}/"
    rate = line["heart_rate_bpm"]
    quality = ",".join(line["quality"]["reasons"]) or "good"
    heart = f"{'-' if rate is None else format(rate, '.0f'):>3}/min"
    return f"{label} {heart} {line['duration_s']:6.1f} s  {quality:16} {line['path']}"


def _error(error: SignalError) -> dict[str, str]:
    return {"code": error.code, "message": error.message}


@lru_cache(maxsize=1)
def _loaded(batch: Batch) -> Predictor:
    return batch.load()


def _read_in_worker(batch: Batch, path: Path) -> Outcome:
    return read_file(path, _loaded(batch))
