"""The one entry to training: a preset with members is an ensemble, one without is a single network."""

from pathlib import Path

from ml.data.corpus import Corpus
from ml.data.physionet import DatasetError
from ml.data.prepare import read_config
from ml.training.backend import Backend
from ml.training.config import Preset
from ml.training.ensemble import train_ensemble
from ml.training.members import Report
from ml.training.single import train_single


def train_preset(
    dataset_dir: Path,
    preset: Preset,
    out_dir: Path,
    *,
    seed: int,
    resume: bool,
    report: Report,
    backend: Backend,
) -> Path:
    """Train `preset` on a prepared data set; returns the model's folder.

    Raises DatasetError and TrainingStoppedError.
    """
    prepared_for = read_config(dataset_dir)["preset"]
    if prepared_for != preset.name:
        raise DatasetError(
            f"{dataset_dir} was prepared for the preset {prepared_for}; run prepare_dataset --preset {preset.name}."
        )
    corpus = Corpus(dataset_dir)
    if preset.members:
        return train_ensemble(corpus, preset, out_dir, seed=seed, resume=resume, report=report)
    return train_single(corpus, preset, out_dir, seed=seed, resume=resume, report=report, backend=backend)
