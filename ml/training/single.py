"""Trains one network on one split by subject: a fold for the test, one for early stopping, the others to learn from."""

import hashlib
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ml.data.corpus import Corpus
from ml.evaluation.calibration import Platt, Threshold, fit_platt, operating_points
from ml.evaluation.curve import operating_curve
from ml.evaluation.metrics import auc
from ml.evaluation.predictions import Predictions
from ml.evaluation.tables import full_table, without_nan
from ml.inference.artefact import Artefact, Calibration, Member, OperatingPoint, TrainingData, write_artefact
from ml.inference.curve import OperatingCurve
from ml.training.callbacks import ProgressLine, Several
from ml.training.config import Preset, settings_that_matter
from ml.training.folds import as_predictions
from ml.training.log import TrainingLog
from ml.training.loop import Result, without_optimizer
from ml.training.members import Report
from ml.training.metadata import LICENCE, code_version, data_hash, preprocessing, version_name, versions
from ml.training.single_inputs import Inputs, fit_network, inputs_of
from ml.training.tensorboard import TensorBoard, samples_of

TEST_FOLD = 0
VALIDATION_FOLD = 1
MODEL_FILE = "model.keras"
METADATA_FILE = "metadata.json"
_CHANCE = 0.5
# The original system called a recording abnormal from this probability on.
_ORIGINAL_THRESHOLD = 0.5


def train_single(
    corpus: Corpus,
    preset: Preset,
    out_dir: Path,
    *,
    seed: int,
    resume: bool,
    report: Report,
    log: TrainingLog,
) -> Path:
    """Train `preset`'s network with early stopping, judge it on the test fold, write model, metadata and artefact."""
    out_dir.mkdir(parents=True, exist_ok=True)
    inputs = inputs_of(corpus, preset, report)
    train = np.flatnonzero((corpus.folds != TEST_FOLD) & (corpus.folds != VALIDATION_FOLD))
    validation = np.flatnonzero(corpus.folds == VALIDATION_FOLD)
    test = np.flatnonzero(corpus.folds == TEST_FOLD)
    with log.timed(preset.training.network, f"without folds {TEST_FOLD} and {VALIDATION_FOLD}", len(train)):
        result = fit_network(
            corpus,
            preset,
            inputs,
            train=train,
            validation=validation,
            directory=out_dir / "work",
            seed=seed,
            resume=resume,
            observer=Several(
                ProgressLine(report, f"{preset.name} "),
                TensorBoard(
                    out_dir / "tensorboard", samples_of(corpus, train, with_sound=inputs.kind != "opsfusion")
                ),
            ),
        )
    without_optimizer(result.model).save(out_dir / MODEL_FILE)

    held_out = np.concatenate([validation, test])
    scores = inputs.logits(result.model, held_out)
    on_validation = as_predictions(corpus, validation, scores[: len(validation)])
    on_test = as_predictions(corpus, test, scores[len(validation) :])
    platt = fit_platt(on_validation.scores, on_validation.labels)
    points = operating_points(on_validation, platt)
    _write_evaluation(corpus, out_dir, on_test, platt=platt, points=points, seed=seed)
    on_test.save(out_dir / "predictions.json")
    report(_verdict(on_validation, on_test))
    _write_metadata(corpus, preset, out_dir, result, seed=seed, backend=log.backend)
    _write_artefact(
        corpus,
        preset,
        inputs,
        out_dir,
        platt=platt,
        points=points,
        curve=_curve(on_validation, platt, points),
        prevalence=float(on_validation.labels.mean()),
        seed=seed,
    )
    return out_dir


def _curve(on_validation: Predictions, platt: Platt, points: dict[str, Threshold]) -> OperatingCurve | None:
    """What every threshold does to the recordings that the thresholds were chosen on, as the artefact says of them.

    None where the network says the same of all: there is nothing to choose between.
    """
    probabilities = platt(on_validation.scores)
    if len(np.unique(probabilities)) == 1:
        return None
    return operating_curve(
        on_validation.labels, probabilities, [point.threshold for point in points.values()]
    )


def _verdict(on_validation: Predictions, on_test: Predictions) -> str:
    stopped_by, judged_by = (auc(part.labels, part.scores) for part in (on_validation, on_test))
    line = f"pooled AUC {stopped_by:.3f} on the validation fold, {judged_by:.3f} on the test fold\n"
    if stopped_by > _CHANCE:
        return line
    return (
        line + "No better than chance: train for longer, or on more recordings, before this model is used.\n"
    )


def _write_evaluation(
    corpus: Corpus,
    out_dir: Path,
    on_test: Predictions,
    *,
    platt: Platt,
    points: dict[str, Threshold],
    seed: int,
) -> None:
    original = full_table(
        on_test,
        Platt(1.0, 0.0),
        {"original": Threshold(_ORIGINAL_THRESHOLD, (_ORIGINAL_THRESHOLD,) * 2)},
        seed=seed,
    )
    evaluation = {
        "what": f"fold {TEST_FOLD} by subject, never seen; calibration and thresholds from fold {VALIDATION_FOLD}",
        "data_sha256": data_hash(corpus),
        "code_version": code_version(),
        "seed": seed,
        "out_of_fold": full_table(on_test, platt, points, seed=seed),
        "as_originally_used": original["operating_points"]["original"],
    }
    (out_dir / "evaluation.json").write_text(
        json.dumps(without_nan(evaluation), indent=1) + "\n", encoding="utf-8"
    )


def _write_metadata(
    corpus: Corpus,
    preset: Preset,
    out_dir: Path,
    result: Result,
    *,
    seed: int,
    backend: dict[str, Any],
) -> None:
    metadata = {
        "preset": asdict(preset),
        "parameters": result.model.count_params(),
        "seed": seed,
        "backend": backend,
        "best_epoch": result.best_epoch,
        "history": result.history,
        "data_sha256": data_hash(corpus),
        "code_version": code_version(),
        "versions": versions(),
        "licence": LICENCE,
        "labels": ["normal", "abnormal"],
        "model_sha256": hashlib.sha256((out_dir / MODEL_FILE).read_bytes()).hexdigest(),
    }
    (out_dir / METADATA_FILE).write_text(json.dumps(without_nan(metadata), indent=2) + "\n", encoding="utf-8")


def _write_artefact(
    corpus: Corpus,
    preset: Preset,
    inputs: Inputs,
    out_dir: Path,
    *,
    platt: Platt,
    points: dict[str, Threshold],
    curve: OperatingCurve | None,
    prevalence: float,
    seed: int,
) -> None:
    now = datetime.now(UTC)
    learnt = corpus.folds != TEST_FOLD
    calibration = Calibration(platt.slope, platt.intercept)
    write_artefact(
        out_dir,
        Artefact(
            name=preset.name,
            version=version_name(now, corpus, settings_that_matter(preset), seed),
            members=(Member(preset.training.network, inputs.kind, {"keras": MODEL_FILE}, inputs.config),),
            operating_points={
                name: OperatingPoint(calibration, point.threshold, point.band)
                for name, point in points.items()
            },
            operating_curve=curve,
            assumed_prevalence=prevalence,
            preprocessing=preprocessing(preset),
            training_data=TrainingData(
                description=(
                    f"PhysioNet/CinC Challenge 2016, public training recordings, less fold {TEST_FOLD}; the network"
                    f" did not learn from fold {VALIDATION_FOLD}, which ended its training and gave calibration,"
                    " thresholds and operating curve"
                ),
                sha256=data_hash(corpus),
                n_recordings=int(learnt.sum()),
                n_subjects=len(np.unique(corpus.subjects[learnt])),
            ),
            code_version=code_version(),
            licence=LICENCE,
            seed=seed,
            created_at=now.isoformat(timespec="seconds"),
        ),
    )
