"""Figures per person instead of per recording: a subject's score is the mean of their recordings' log odds."""

from typing import Any

import numpy as np

from ml.evaluation.bootstrap import REPLICATES
from ml.evaluation.decisions import POOLED, Decided
from ml.evaluation.metrics import rates
from ml.evaluation.predictions import Predictions
from ml.evaluation.tables import auc_figures, auc_intervals


def by_subject(decided: Decided, *, seed: int = 0, replicates: int = REPLICATES) -> dict[str, Any]:
    """AUC per database and pooled, Se and Sp at the threshold of the recordings; subjects who carry one label.

    Whoever has recordings of both labels is left out (`left_out`): in database a one id stands for several people, and
    all of its normal recordings are in such ids, so that a has no figure here.
    """
    people, thresholds = _people(decided)
    figures = auc_figures(people)
    called = people.scores >= thresholds
    groups = {POOLED: np.ones(len(people), bool)}
    groups |= {str(name): people.databases == name for name in np.unique(people.databases)}
    return {
        "n": len(people),
        "left_out": decided.predictions.n_subjects - len(people),
        "auc": {
            name.removeprefix("auc_"): value for name, value in figures.items() if name.startswith("auc_")
        },
        "pooled_auc": figures[POOLED],
        "interval_95": auc_intervals(people, seed=seed, replicates=replicates),
        "forced": {
            name: {"n": int(own.sum())} | rates(people.labels[own], called[own])
            for name, own in groups.items()
        },
    }


def _people(decided: Decided) -> tuple[Predictions, np.ndarray]:
    """One row per subject with one label, and the threshold as log odds that goes with it."""
    predictions = decided.predictions
    odds = np.log(decided.thresholds) - np.log1p(-decided.thresholds)
    _, place = np.unique(predictions.subjects, return_inverse=True)
    count = np.bincount(place)
    abnormal = np.bincount(place, predictions.labels)
    one_label = (abnormal == 0) | (abnormal == count)
    first = np.array([np.flatnonzero(place == own)[0] for own in range(len(count))])
    people = predictions.take(first)
    mean_scores = np.bincount(place, predictions.scores) / count
    people = Predictions(**{**_fields(people), "scores": mean_scores})
    return people.take(one_label), (np.bincount(place, odds) / count)[one_label]


def _fields(predictions: Predictions) -> dict[str, np.ndarray]:
    return {name: np.asarray(getattr(predictions, name)) for name in predictions.__dataclass_fields__}
