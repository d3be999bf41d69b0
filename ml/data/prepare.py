"""Prepares a data set: features, manifest.csv and config.json, the same bytes however many processes help."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import soundfile
from numpy.lib.format import open_memmap

from ml.data.corpus import FS_HZ, FULL_SCALE, WAVEFORMS_FILE
from ml.data.manifest import ManifestRow, write_manifest
from ml.data.opsfusion import OpsfusionConfig, spectrogram_of_native
from ml.data.physionet import DatasetError, Recording, held_back_subjects, read_demo_records, read_recordings
from ml.data.splits import assign_folds, single_split
from ml.dsp.mel_windows import MelWindowConfig, mel_power
from ml.threads import use_one_thread
from ml.training.config import Preset

CONFIG_FILE = "config.json"
SPECTROGRAMS_DIR = "spectrograms"
STACKED_FILE = "features.npy"  # see ml.data.loaders.stack_features
_CHUNK = 16


@dataclass(frozen=True)
class Job:
    """One recording to prepare; its samples at FS_HZ go to `first_sample` of the common waveform file."""

    recording: Recording
    first_sample: int
    n_samples: int


@dataclass(frozen=True)
class Prepared:
    """What a worker reports of a recording: its length and the hash of its 16-bit samples as read."""

    duration_s: float
    sha256: str


def prepare_dataset(
    data_dir: Path,
    out_dir: Path,
    preset: Preset,
    *,
    workers: int,
    folds: int,
    seed: int,
    progress: Callable[[Iterator[Prepared], int], Iterator[Prepared]] = lambda items, total: items,
) -> Path:
    """Prepare every recording of `data_dir` under `out_dir`; returns the manifest's path.

    `progress` wraps the results as they arrive and is told how many there will be. The bytes written depend on the
    recordings, the preset, `folds` and `seed` alone. Raises DatasetError.
    """
    recordings = read_recordings(data_dir)
    fold_of = assign_folds(
        recordings, folds=folds, seed=seed, held_back=held_back_subjects(recordings, read_demo_records())
    )
    (out_dir / SPECTROGRAMS_DIR).mkdir(parents=True, exist_ok=True)
    for made_before in (CONFIG_FILE, STACKED_FILE):
        # A data set that is not whole has no config.json, and what was made from other features is not taken for these.
        (out_dir / made_before).unlink(missing_ok=True)
    jobs = _plan(recordings, preset, out_dir)
    work = partial(prepare_one, out_dir=out_dir, features=preset.features)
    with _mapper(workers) as run:
        results = list(progress(run(work, jobs), len(jobs)))
    manifest = write_manifest(
        out_dir, (_row(job, fold_of, done) for job, done in zip(jobs, results, strict=True))
    )
    _write_config(out_dir, preset, manifest, folds=folds, seed=seed)
    return manifest


def prepare_one(job: Job, *, out_dir: Path, features: OpsfusionConfig | MelWindowConfig) -> Prepared:
    """Write one recording's features, and its samples where the preset keeps them. Raises DatasetError."""
    recording = job.recording
    try:
        pcm, fs_hz = soundfile.read(recording.path, dtype="int16", always_2d=True)
    except (soundfile.SoundFileError, OSError) as error:
        raise DatasetError(f"{recording.path} cannot be read as sound: {error}") from error
    if pcm.size == 0:
        raise DatasetError(f"{recording.path} holds no sound.")
    mono = pcm[:, 0] if pcm.shape[1] == 1 else pcm.mean(axis=1)
    samples = mono.astype(np.float32) / np.float32(FULL_SCALE)
    if isinstance(features, OpsfusionConfig):
        spectrogram = spectrogram_of_native(samples, fs_hz, features)
    else:
        at_fs = _to_corpus_rate(samples, fs_hz)
        waveforms = np.load(out_dir / WAVEFORMS_FILE, mmap_mode="r+")
        stored = np.clip(np.round(at_fs[: job.n_samples] * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(
            np.int16
        )
        waveforms[job.first_sample : job.first_sample + job.n_samples] = stored
        spectrogram = mel_power(stored.astype(np.float32) / np.float32(FULL_SCALE), features)
    np.save(out_dir / _spectrogram_path(recording.file_id), spectrogram)
    return Prepared(round(len(pcm) / fs_hz, 4), hashlib.sha256(pcm.tobytes()).hexdigest())


def _to_corpus_rate(samples: np.ndarray, fs_hz: int) -> np.ndarray:
    if fs_hz == FS_HZ:
        return samples
    from ml.dsp.resample import resample

    return resample(samples, fs_hz, FS_HZ)


def _plan(recordings: Sequence[Recording], preset: Preset, out_dir: Path) -> list[Job]:
    if isinstance(preset.features, OpsfusionConfig):
        return [Job(recording, 0, 0) for recording in recordings]
    jobs, first = [], 0
    for recording in recordings:
        header = soundfile.info(recording.path)
        n_samples = -(-header.frames * FS_HZ // header.samplerate)
        jobs.append(Job(recording, first, n_samples))
        first += n_samples
    open_memmap(out_dir / WAVEFORMS_FILE, mode="w+", dtype=np.int16, shape=(first,)).flush()
    return jobs


@contextmanager
def _mapper(workers: int) -> Iterator[Callable[..., Iterator[Prepared]]]:
    if workers <= 1:
        yield map
        return
    # A fresh interpreter per worker: forking a process that has started threads can hang.
    with ProcessPoolExecutor(
        workers, mp_context=get_context("forkserver"), initializer=one_blas_thread
    ) as pool:
        yield partial(pool.map, chunksize=_CHUNK)


def one_blas_thread() -> None:
    """What each preparing process begins with: two of them with two threads each took four times as long.

    Defined here, not passed as `use_one_thread` itself, because unpickling it loads this module and so numpy, whose
    threads are to be limited.
    """
    use_one_thread()


def _spectrogram_path(file_id: str) -> str:
    return f"{SPECTROGRAMS_DIR}/{file_id}.npy"


def _row(job: Job, fold_of: dict[str, int], done: Prepared) -> ManifestRow:
    recording = job.recording
    fold = fold_of[recording.file_id]
    return ManifestRow(
        file_id=recording.file_id,
        label=recording.label,
        spectrogram_path=_spectrogram_path(recording.file_id),
        split=single_split(fold),
        fold=fold,
        database=recording.database,
        subject_id=recording.subject_id,
        usable=int(recording.usable),
        duration_s=done.duration_s,
        first_sample=job.first_sample,
        n_samples=job.n_samples,
        sha256=done.sha256,
    )


def _write_config(out_dir: Path, preset: Preset, manifest: Path, *, folds: int, seed: int) -> None:
    config = {
        "preset": preset.name,
        "features": asdict(preset.features),
        "folds": folds,
        "seed": seed,
        "manifest_sha256": hashlib.sha256(manifest.read_bytes()).hexdigest(),
    }
    (out_dir / CONFIG_FILE).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def read_config(directory: Path) -> dict:
    """The config.json of a prepared data set. Raises DatasetError when there is none."""
    try:
        return json.loads((directory / CONFIG_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DatasetError(f"{directory} holds no {CONFIG_FILE}; run prepare_dataset first.") from error
