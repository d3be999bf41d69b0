"""`prepare_dataset --preset opsfusion` against librosa per file: `python -m tests.bench.dataset --json FILE`.

Both roads read the same files with the same number of processes in the same run; the features are compared.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from ml.data.physionet import Recording, read_recordings
from ml.data.prepare import SPECTROGRAMS_DIR, one_blas_thread, prepare_dataset
from ml.presets import load_preset
from tests.bench.machine import describe_machine

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "physionet2016"
WORKERS = 2
# Trimming decides by a threshold in floating point; apart from that the roads differ by rounding alone.
TOLERANCE_DB = 0.01


def librosa_features(path: str) -> np.ndarray:
    """The original road for one file, through librosa alone."""
    import librosa

    samples, fs_hz = librosa.load(path, sr=8000, mono=True)
    samples, _ = librosa.effects.trim(samples, top_db=20)
    peak = np.abs(samples).max()
    samples = samples / peak if peak > 0 else samples
    wanted = 5 * fs_hz
    if len(samples) >= wanted:
        start = (len(samples) - wanted) // 2
        samples = samples[start : start + wanted]
    else:
        left = (wanted - len(samples)) // 2
        samples = np.pad(samples, (left, wanted - len(samples) - left))
    power = librosa.feature.melspectrogram(y=samples, sr=fs_hz, n_fft=1024, hop_length=256, n_mels=128)
    return librosa.power_to_db(power, ref=np.max).astype(np.float32)


def librosa_pool(
    recordings: list[Recording], initializer: Callable[[], None] | None
) -> tuple[float, list[np.ndarray]]:
    """Seconds and features of librosa per file in a fresh pool, as it comes or with one BLAS thread each."""
    started = time.perf_counter()
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn"), initializer=initializer) as pool:
        paths = [str(recording.path) for recording in recordings]
        results = list(pool.map(librosa_features, paths, chunksize=16))
    return time.perf_counter() - started, results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="where the figures go")
    parser.add_argument("--data", type=Path, default=DATA)
    options = parser.parse_args()
    if not options.data.is_dir():
        raise SystemExit(f"{options.data} is absent: name the PhysioNet/CinC 2016 recordings with --data")
    report = measure(options.data)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))


def measure(data: Path) -> dict:
    """Both roads over all of `data`; seconds, recordings per second, ratio, and the largest difference in dB."""
    recordings = read_recordings(data)
    out = Path(tempfile.mkdtemp(prefix="heartsite-bench-"))
    try:
        started = time.perf_counter()
        prepare_dataset(data, out, load_preset("opsfusion"), workers=WORKERS, folds=5, seed=0)
        ours_s = time.perf_counter() - started

        librosa_s, results = librosa_pool(recordings, initializer=None)
        single_s, _ = librosa_pool(recordings, initializer=one_blas_thread)
        worst_db, differing = 0.0, 0
        for recording, theirs in zip(recordings, results, strict=True):
            ours = np.load(out / SPECTROGRAMS_DIR / f"{recording.file_id}.npy")
            difference_db = float(np.abs(ours - theirs).max())
            worst_db = max(worst_db, difference_db)
            differing += difference_db > TOLERANCE_DB
    finally:
        shutil.rmtree(out, ignore_errors=True)
    return {
        "machine": describe_machine(),
        "recordings": len(recordings),
        "workers": WORKERS,
        "ours_s": round(ours_s, 2),
        "librosa_s": round(librosa_s, 2),
        "librosa_one_blas_thread_s": round(single_s, 2),
        "ratio": round(librosa_s / ours_s, 2),
        "ratio_one_blas_thread": round(single_s / ours_s, 2),
        "largest_difference_db": worst_db,
        "recordings_differing": differing,
    }


if __name__ == "__main__":
    main()
