"""Held-out logits of each member: cross-validation by subject, and one whole database at a time."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.data.corpus import Corpus
from ml.evaluation.predictions import Predictions
from ml.training.fingerprint import training_fingerprint
from ml.training.members import Indices, Member, Report


@dataclass(frozen=True)
class Plan:
    """One training: the recordings to learn from and those to be judged on. No subject is in both."""

    name: str
    train: Indices
    test: Indices


def cross_validation(corpus: Corpus) -> list[Plan]:
    """A plan per fold; recordings that belong in training only are in every `train`."""
    return [
        Plan(f"fold-{fold}", np.flatnonzero(corpus.folds != fold), np.flatnonzero(corpus.folds == fold))
        for fold in range(corpus.folds.max() + 1)
    ]


def leave_one_database_out(corpus: Corpus) -> list[Plan]:
    """A plan per database; doubtful subjects are not judged here either."""
    return [
        Plan(
            f"without-{database}",
            np.flatnonzero(corpus.databases != database),
            np.flatnonzero((corpus.databases == database) & (corpus.folds >= 0)),
        )
        for database in np.unique(corpus.databases)
    ]


def held_out_logits(
    members: Sequence[Member],
    corpus: Corpus,
    plans: Sequence[Plan],
    *,
    seed: int,
    directory: Path,
    report: Report,
) -> tuple[Indices, NDArray[np.float64]]:
    """Indices of every recording judged by some plan, and the members' logits for them, (n, n_members).

    Each plan's logits are stored under `directory` and not computed again for the same settings, seed and recordings,
    so that a stopped run continues where it was.
    """
    indices, logits = [], []
    for plan in plans:
        columns = [
            _plan_logits(member, corpus, plan, seed=seed, directory=directory, report=report)
            for member in members
        ]
        indices.append(plan.test)
        logits.append(np.stack(columns, axis=1))
    return np.concatenate(indices), np.concatenate(logits)


def _plan_logits(
    member: Member, corpus: Corpus, plan: Plan, *, seed: int, directory: Path, report: Report
) -> NDArray[np.float64]:
    work_dir = directory / member.name / plan.name
    path = work_dir / "logits.json"
    fingerprint = training_fingerprint(corpus, plan.train, getattr(member, "settings", {}), member.name, seed)
    if path.exists():
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["fingerprint"] == fingerprint and stored["file_ids"] == corpus.file_ids[plan.test].tolist():
            return np.array(stored["logits"], dtype=np.float64)
    report(f"{member.name} {plan.name}: training on {len(plan.train)} recordings, judging {len(plan.test)}\n")
    fitted = member.fit(corpus, plan.train, seed=seed, work_dir=work_dir, report=report)
    logits = fitted.logits(corpus, plan.test)
    work_dir.mkdir(parents=True, exist_ok=True)
    text = json.dumps(
        {
            "fingerprint": fingerprint,
            "file_ids": corpus.file_ids[plan.test].tolist(),
            "logits": logits.tolist(),
        }
    )
    path.write_text(text, encoding="utf-8")
    return logits


def member_weights(logits: NDArray[np.float64], shares: Sequence[float] = ()) -> NDArray[np.float64]:
    """Each member's share (equal ones when empty) over the spread of its held-out logits, adding up to 1."""
    spread = np.nanstd(logits, axis=0)
    weights = np.asarray(shares or np.ones(len(spread))) / np.maximum(spread, 1e-6)
    return weights / weights.sum()


def combined(logits: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weighted mean over members (n, n_members); a member that says nothing (NaN) is left out of a recording's mean."""
    present = np.isfinite(logits)
    share = present * weights
    total = share.sum(axis=1)
    summed = (np.where(present, logits, 0.0) * share).sum(axis=1)
    return np.divide(summed, total, out=np.zeros(len(logits)), where=total > 0)


def as_predictions(corpus: Corpus, indices: Indices, scores: NDArray[np.float64]) -> Predictions:
    """Scores beside what the corpus knows of their recordings."""
    return Predictions(
        file_ids=corpus.file_ids[indices],
        databases=corpus.databases[indices],
        subjects=corpus.subjects[indices],
        labels=corpus.labels[indices],
        usable=corpus.usable[indices],
        scores=scores,
    )
