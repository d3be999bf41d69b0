"""Leave-one-database-out from the recordings alone: prepares what is missing, trains, and goes on after a stop."""

from pathlib import Path
from typing import Any

from ml.data.corpus import Corpus
from ml.data.manifest import FILE_NAME
from ml.data.physionet import DatasetError
from ml.data.prepare import prepare_dataset
from ml.evaluation.protocol import evaluate_lodo
from ml.presets import load_preset
from ml.training.backend import prepare_backend
from ml.training.members import Report

FOLDS = 5


def run_lodo(
    data_dir: Path,
    preset_name: str,
    *,
    work_dir: Path,
    seed: int,
    workers: int,
    threads: int | None,
    report: Report,
) -> dict[str, Any]:
    """The leave-one-database-out table of a preset; everything between is kept in `work_dir`."""
    preset = load_preset(preset_name)
    if not preset.members:
        raise DatasetError(f"The preset {preset_name} is a single network; --lodo needs one with members.")
    dataset_dir = work_dir / preset_name
    if not (dataset_dir / FILE_NAME).exists():
        report(f"Preparing {data_dir} for {preset_name}\n")
        prepare_dataset(data_dir, dataset_dir, preset, workers=workers, folds=FOLDS, seed=seed)
    prepare_backend(seed=seed, threads=threads)
    return evaluate_lodo(
        Corpus(dataset_dir),
        preset,
        seed=seed,
        work_dir=work_dir / f"lodo-seed{seed}",
        report=report,
    )
