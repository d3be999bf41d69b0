"""Trains an ensemble: held-out folds give weights, calibration and thresholds; a last fit on everything is released."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data.corpus import Corpus
from ml.evaluation.calibration import Platt, Threshold, fit_platt, operating_points, session_calibration
from ml.evaluation.curve import operating_curve
from ml.evaluation.fold_predictor import fold_predictors, sounds_of
from ml.evaluation.predictions import Predictions
from ml.evaluation.repeated import Repetition, evaluate_folds
from ml.evaluation.store import EVALUATION_FILE, add_figures, write_figures
from ml.evaluation.stress_table import evaluate_short_clips, evaluate_stress
from ml.evaluation.study import Study
from ml.evaluation.tables import full_table
from ml.inference.artefact import Artefact, Calibration, OperatingPoint, TrainingData, write_artefact
from ml.inference.artefact import Member as ArtefactMember
from ml.training.config import Preset, settings_that_matter
from ml.training.folds import as_predictions, combined, cross_validation, member_weights
from ml.training.held_out import held_out_logits
from ml.training.log import TimedMember, TrainingLog
from ml.training.members import Member, Report, create_members
from ml.training.metadata import LICENCE, code_version, data_hash, preprocessing, version_name

PREDICTIONS_FILE = "predictions.json"


@dataclass(frozen=True)
class Choices:
    """What was chosen on held-out predictions and is carried to the last fit."""

    weights: NDArray[np.float64]
    platt: Platt
    points: dict[str, Threshold]
    session: Platt


def train_ensemble(
    corpus: Corpus,
    preset: Preset,
    out_dir: Path,
    *,
    seed: int,
    resume: bool,
    report: Report,
    log: TrainingLog,
) -> Path:
    """Cross-validate, calibrate, fit on every recording and write an artefact into `out_dir`; returns its path.

    Everything between is kept under out_dir/work, from where `resume` continues.
    """
    work_dir = out_dir / "work"
    if not resume and work_dir.exists():
        shutil.rmtree(work_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    members = [TimedMember(member, log) for member in create_members(preset)]
    indices, logits = held_out_logits(
        members, corpus, cross_validation(corpus), seed=seed, directory=work_dir, report=report, keep=True
    )
    weights = member_weights(logits, preset.shares)
    predictions = as_predictions(corpus, indices, combined(logits, weights))
    platt = fit_platt(predictions.scores, predictions.labels)
    points = operating_points(predictions, platt)
    chosen = Choices(weights, platt, points, session_calibration(predictions, platt))
    evaluation = _evaluation(
        members, corpus, indices, logits, predictions=predictions, chosen=chosen, seed=seed
    )
    write_figures(out_dir / EVALUATION_FILE, evaluation)
    predictions.save(out_dir / PREDICTIONS_FILE)
    report(summary(evaluation) + "\n")
    entries = _final_fit(members, corpus, preset, weights, out_dir, seed=seed, report=report)
    _write_release(
        corpus, preset, members, out_dir, entries=entries, chosen=chosen, held_out=predictions, seed=seed
    )
    _judge_by_fold(corpus, preset, members, out_dir, seed=seed, report=report)
    return out_dir


def _judge_by_fold(
    corpus: Corpus, preset: Preset, members: Sequence[Member], out_dir: Path, *, seed: int, report: Report
) -> None:
    """Each fold's model, its choices made on the other folds: the folds' table, changed sound, short clips.

    Kept one by one: reading changed sound takes minutes and may be stopped.
    """
    study = Study.of(
        corpus, preset, members, work_dir=out_dir / "work", report=report, trained=(seed, out_dir)
    )
    folds, outcomes = evaluate_folds(study, [Repetition(study.prepared_seed, seed)], keep=True)
    add_figures(out_dir, {"folds": folds})
    predictors = fold_predictors(study, outcomes[0])
    sound_of = sounds_of(corpus, None)
    add_figures(out_dir, {"stress": evaluate_stress(study, predictors, sound_of, seed=seed)})
    add_figures(out_dir, {"short_clips": evaluate_short_clips(study, predictors, sound_of, seed=seed)})


def _evaluation(
    members: Sequence[Member],
    corpus: Corpus,
    indices: NDArray[np.intp],
    logits: NDArray[np.float64],
    *,
    predictions: Predictions,
    chosen: Choices,
    seed: int,
) -> dict[str, Any]:
    by_member = {}
    for column, member in enumerate(members):
        scores = np.nan_to_num(logits[:, column])
        own = as_predictions(corpus, indices, scores)
        by_member[member.name] = full_table(
            own, fit_platt(scores, own.labels), {}, seed=seed, replicates=0
        ) | {"silent": int((~np.isfinite(logits[:, column])).sum()), "weight": float(chosen.weights[column])}
    return {
        "what": "held-out folds by subject (development: calibration and thresholds were chosen on them)",
        "data_sha256": data_hash(corpus),
        "code_version": code_version(),
        "seed": seed,
        "out_of_fold": full_table(predictions, chosen.platt, chosen.points, seed=seed),
        "members": by_member,
    }


def _final_fit(
    members: Sequence[Member],
    corpus: Corpus,
    preset: Preset,
    weights: NDArray[np.float64],
    out_dir: Path,
    *,
    seed: int,
    report: Report,
) -> list[ArtefactMember]:
    everything = np.arange(len(corpus))
    entries = []
    for member, weight in zip(members, weights, strict=True):
        work_dir = out_dir / "work" / member.name / "everything"
        report(f"{member.name}: training on all {len(everything)} recordings\n")
        fitted = member.fit(corpus, everything, seed=seed, work_dir=work_dir, report=report)
        entry = fitted.save(out_dir)
        entries.append(
            ArtefactMember(member.name, member.kind, entry["files"], entry["config"], float(weight))
        )
    return entries


def _write_release(
    corpus: Corpus,
    preset: Preset,
    members: Sequence[Member],
    out_dir: Path,
    *,
    entries: list[ArtefactMember],
    chosen: Choices,
    held_out: Predictions,
    seed: int,
) -> None:
    now = datetime.now(UTC)
    settings = [settings_that_matter(preset), {member.name: member.settings for member in members}]
    calibration = Calibration(chosen.platt.slope, chosen.platt.intercept)
    artefact = Artefact(
        name=preset.name,
        version=version_name(now, corpus, settings, seed),
        members=tuple(entries),
        operating_points={
            name: OperatingPoint(calibration, point.threshold, point.band)
            for name, point in chosen.points.items()
        },
        session={"slope": chosen.session.slope, "intercept": chosen.session.intercept},
        operating_curve=operating_curve(
            held_out.labels,
            chosen.platt(held_out.scores),
            [point.threshold for point in chosen.points.values()],
        ),
        assumed_prevalence=float(held_out.labels.mean()),
        preprocessing=preprocessing(preset),
        training_data=TrainingData(
            description="PhysioNet/CinC Challenge 2016, public training recordings, less the demo samples' subjects",
            sha256=data_hash(corpus),
            n_recordings=len(corpus),
            n_subjects=len(np.unique(corpus.subjects)),
        ),
        code_version=code_version(),
        licence=LICENCE,
        seed=seed,
        created_at=now.isoformat(timespec="seconds"),
    )
    write_artefact(out_dir, artefact)


def summary(evaluation: dict[str, Any]) -> str:
    """A few lines a person reads at the end of a training."""
    table = evaluation["out_of_fold"]
    ranking = table["ranking"]
    lines = [
        "held-out AUC  " + "  ".join(f"{name} {value:.3f}" for name, value in ranking["auc"].items()),
        f"macro a,b,d,f {ranking['macro_auc_abdf']:.3f}   pooled {ranking['pooled_auc']:.3f}",
    ]
    for name, member in evaluation.get("members", {}).items():
        own = member["ranking"]
        lines.append(f"  {name}: macro {own['macro_auc_abdf']:.3f} pooled {own['pooled_auc']:.3f}")
    for name, point in table["operating_points"].items():
        pooled = point["groups"]["pooled"]
        forced = pooled["forced"]
        lines.append(
            f"{name}: threshold {point['threshold']:.3f}  Se {forced['se']:.3f} Sp {forced['sp']:.3f}"
            f" MAcc {forced['macc']:.3f}  ECE {pooled['ece']:.3f}"
        )
    return "\n".join(lines)
