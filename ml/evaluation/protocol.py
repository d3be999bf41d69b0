"""The protocol's parts as functions: a model on a folder, one database left out at a time, a phone's distortions."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ml.data.corpus import FS_HZ, Corpus
from ml.data.physionet import read_recordings
from ml.evaluation.calibration import Platt, Threshold, fit_platt, operating_points
from ml.evaluation.heart_rate import judge_against_ecg
from ml.evaluation.metrics import auc, auc_by_group, macro, rates
from ml.evaluation.predictions import HEADLINE_DATABASES
from ml.evaluation.reading import ReadRecording, predictions_of, read_all, with_reading
from ml.evaluation.stress import STRESSES
from ml.evaluation.tables import decisions, ranking
from ml.inference import RELEASE_DIR
from ml.inference.artefact import load_artefact
from ml.training.config import Preset
from ml.training.folds import (
    Plan,
    as_predictions,
    combined,
    cross_validation,
    leave_one_database_out,
    member_weights,
)
from ml.training.held_out import held_out_logits
from ml.training.members import FittedMember, Report, create_members
from ml.training.metadata import code_version, data_hash


def evaluate_readings(
    data_dir: Path,
    model_dir: Path | None,
    *,
    workers: int,
    seed: int = 0,
    progress: Callable[[Iterator[ReadRecording], int], Iterator[ReadRecording]] = lambda items, total: items,
) -> dict[str, Any]:
    """The shipped software on every recording of a folder: what it says, forced and three-way, and the heart rate.

    `model` tells which training data the model saw: figures on the same recordings are no test.
    """
    artefact = load_artefact(model_dir or RELEASE_DIR)
    recordings = read_recordings(data_dir)
    done = read_all(recordings, model_dir, workers=workers, progress=progress)
    predictions, probabilities, calls = predictions_of(done)
    point = artefact.operating_points["balanced"]
    threshold = Threshold(point.threshold, point.unsure_band)
    return {
        "model": {
            "name": artefact.name,
            "version": artefact.version,
            "trained_on": artefact.training_data.sha256,
        },
        "code_version": code_version(),
        "unreadable": {item.recording.file_id: item.error for item in done if item.error},
        "ranking": ranking(predictions, seed=seed),
        "operating_points": {"balanced": decisions(predictions, probabilities, threshold, calls)},
        "quality": _quality_rates(done),
        "heart_rate": judge_against_ecg(done, recordings[0].path.parent.parent),
    }


def _quality_rates(done: Sequence[ReadRecording]) -> dict[str, Any]:
    """How the quality index agrees with the official one, per database, and what it rejects by label."""
    result = {}
    read = with_reading(done)
    for database in sorted({recording.database for recording, _ in read}):
        own = [pair for pair in read if pair[0].database == database]
        usable = np.array([recording.usable for recording, _ in own])
        labels = np.array([recording.label for recording, _ in own])
        rejected = np.array([not reading.quality.usable for _, reading in own])
        scores = np.array([reading.quality.score for _, reading in own])
        result[database] = {
            "auc_usable": auc(usable.astype(int), scores),
            "rejected_noisy": _share(rejected[~usable]),
            "rejected_usable_normal": _share(rejected[usable & (labels == 0)]),
            "rejected_usable_abnormal": _share(rejected[usable & (labels == 1)]),
        }
    return result


def evaluate_lodo(
    corpus: Corpus,
    preset: Preset,
    *,
    seed: int,
    work_dir: Path,
    report: Report,
) -> dict[str, Any]:
    """Each database judged by members that never saw it.

    Calibration and threshold for a database come from the other databases' left-out predictions: nothing of the
    database itself enters, though its recordings helped to train the members behind those.
    """
    members = create_members(preset)
    plans = leave_one_database_out(corpus)
    indices, logits = held_out_logits(members, corpus, plans, seed=seed, directory=work_dir, report=report)
    predictions = as_predictions(corpus, indices, combined(logits, member_weights(logits, preset.shares)))
    by_database = {}
    for database in np.unique(predictions.databases):
        others = predictions.take(predictions.databases != database)
        own = predictions.take(predictions.databases == database)
        platt = fit_platt(others.scores, others.labels)
        point = operating_points(others, platt)["balanced"]
        by_database[str(database)] = decisions(own, platt(own.scores), point)["groups"]["pooled"]
    return {
        "what": "one database left out at a time; thresholds from the other databases' left-out predictions",
        "data_sha256": data_hash(corpus),
        "code_version": code_version(),
        "seed": seed,
        "ranking": ranking(predictions, seed=seed),
        "members": {
            member.name: ranking(
                as_predictions(corpus, indices, np.nan_to_num(logits[:, column])), seed=seed, replicates=0
            )
            for column, member in enumerate(members)
        },
        "balanced": by_database,
    }


def evaluate_stress(
    corpus: Corpus,
    preset: Preset,
    *,
    weights: np.ndarray,
    platt: Platt,
    point: Threshold,
    seed: int,
    work_dir: Path,
    report: Report,
    most_per_group: int = 40,
) -> dict[str, Any]:
    """Fold 0's recordings, changed as a phone would, judged by members that were trained on the other folds.

    At most `most_per_group` recordings of a database and label are used, the first by name.
    """
    plan = cross_validation(corpus)[0]
    fitted = [
        member.fit(corpus, plan.train, seed=seed, work_dir=work_dir / member.name / plan.name, report=report)
        for member in create_members(preset)
    ]
    test = _first_of_each_group(corpus, plan, most_per_group)
    labels, databases = corpus.labels[test], corpus.databases[test]
    result = {}
    for name, change in STRESSES.items():
        logits = np.array([_changed_logits(fitted, corpus, index, change, seed) for index in test])
        scores = combined(logits, weights)
        calls = platt(scores) >= point.threshold
        by_database = auc_by_group(databases, labels, scores)
        result[name] = {
            "macro_auc_abdf": macro(by_database, HEADLINE_DATABASES),
            "pooled_auc": auc(labels, scores),
            **rates(labels, calls),
        }
        report(
            f"stress, {name}: macro {result[name]['macro_auc_abdf']:.3f} MAcc {result[name]['macc']:.3f}\n"
        )
    return {
        "what": "fold 0, members trained on the other folds",
        "n": len(test),
        "seed": seed,
        "rows": result,
    }


def _changed_logits(
    fitted: Sequence[FittedMember], corpus: Corpus, index: int, change: Callable, seed: int
) -> list[float]:
    changed = change(corpus.samples(index), FS_HZ, np.random.default_rng([seed, int(index)]))
    return [member.logits_of_sound(changed) for member in fitted]


def _first_of_each_group(corpus: Corpus, plan: Plan, most: int) -> np.ndarray:
    chosen = []
    for database in np.unique(corpus.databases[plan.test]):
        for label in (0, 1):
            own = plan.test[(corpus.databases[plan.test] == database) & (corpus.labels[plan.test] == label)]
            chosen.extend(own[:most])
    return np.array(chosen)


def _share(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")
