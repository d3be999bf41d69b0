"""The one entry to training: a preset with members is an ensemble, one without is a single network."""

from pathlib import Path

from ml.data.corpus import Corpus
from ml.data.physionet import DatasetError
from ml.data.prepare import read_config
from ml.training.backend import Backend, is_out_of_memory
from ml.training.config import Preset
from ml.training.ensemble import train_ensemble
from ml.training.log import LOG_FILE, TrainingLog
from ml.training.members import Report
from ml.training.single import train_single
from ml.training.step import TrainingStoppedError


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
    log = TrainingLog(out_dir / LOG_FILE, backend, resume=resume)
    train = train_ensemble if preset.members else train_single
    try:
        path = train(corpus, preset, out_dir, seed=seed, resume=resume, report=report, log=log)
    except KeyboardInterrupt as error:
        raise TrainingStoppedError(
            f"Stopped. What was finished is in {out_dir}; run the same command with --resume to go on."
        ) from error
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise TrainingStoppedError(
            f"There is too little memory for this training. What was finished is in {out_dir}; with more memory, or"
            " smaller batches, run the same command with --resume to go on."
        ) from error
    report(log.summary() + "\n")
    return path
