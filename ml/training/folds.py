"""Which recordings a training learns from and which it is judged on: folds by subject, databases left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.data.corpus import Corpus
from ml.data.physionet import Recording
from ml.data.splits import TRAINING_ONLY_FOLD, assign_folds
from ml.evaluation.predictions import Predictions
from ml.training.members import Indices


@dataclass(frozen=True)
class Plan:
    """One training: the recordings to learn from and those to be judged on. No subject is in both."""

    name: str
    train: Indices
    test: Indices


def cross_validation(
    corpus: Corpus, folds: NDArray[np.int_] | None = None, *, prefix: str = "", without: str | None = None
) -> list[Plan]:
    """A plan per fold; recordings that belong in training only are in every `train`.

    folds : the fold of each recording, shape (n,); the prepared one when None. `prefix` names another assignment's
    plans. `without` leaves a database out altogether: neither learnt from nor judged.
    """
    assigned = corpus.folds if folds is None else folds
    kept = np.ones(len(assigned), bool) if without is None else corpus.databases != without
    left_out = "" if without is None else f"no-{without}-"
    return [
        Plan(
            f"{prefix}{left_out}fold-{fold}",
            np.flatnonzero((assigned != fold) & kept),
            np.flatnonzero((assigned == fold) & kept),
        )
        for fold in range(assigned.max() + 1)
    ]


def folds_of_seed(corpus: Corpus, seed: int, folds: int, *, among: Indices | None = None) -> NDArray[np.int_]:
    """The fold of each recording when subjects are dealt out by another seed, shape (n,).

    Recordings that belong in training only stay so, and so do those not `among` the ones to deal out (all when None).
    Raises DatasetError where a fold would miss a label.
    """
    dealt = np.arange(len(corpus)) if among is None else among
    recordings = [
        Recording(
            file_id=str(corpus.file_ids[index]),
            database=str(corpus.databases[index]),
            label=int(corpus.labels[index]),
            usable=bool(corpus.usable[index]),
            subject_id=str(corpus.subjects[index]),
            training_only=bool(corpus.folds[index] == TRAINING_ONLY_FOLD),
            path=Path(),
        )
        for index in dealt
    ]
    fold_of = assign_folds(recordings, folds=folds, seed=seed)
    result = np.full(len(corpus), TRAINING_ONLY_FOLD)
    result[dealt] = [fold_of[recording.file_id] for recording in recordings]
    return result


def leave_one_database_out(corpus: Corpus) -> list[Plan]:
    """A plan per database; doubtful subjects are not judged here either."""
    return [_without(corpus, (str(database),)) for database in np.unique(corpus.databases)]


def leave_two_databases_out(corpus: Corpus) -> list[Plan]:
    """A plan per pair of databases, judged on both: what is said of either without the other."""
    names = [str(database) for database in np.unique(corpus.databases)]
    return [_without(corpus, pair) for pair in combinations(names, 2)]


def _without(corpus: Corpus, databases: tuple[str, ...]) -> Plan:
    out = np.isin(corpus.databases, databases)
    return Plan(
        f"without-{'-'.join(databases)}", np.flatnonzero(~out), np.flatnonzero(out & (corpus.folds >= 0))
    )


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
