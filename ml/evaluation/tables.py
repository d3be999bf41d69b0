"""The tables of the protocol, as plain dictionaries that are stored as JSON."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.bootstrap import REPLICATES, intervals, subject_weights
from ml.evaluation.calibration import Platt, Threshold
from ml.evaluation.decisions import Decided, decision_table
from ml.evaluation.metrics import auc, auc_by_group, weighted_auc
from ml.evaluation.predictions import HEADLINE_DATABASES, LODO_DATABASES, Predictions


def ranking(predictions: Predictions, *, seed: int = 0, replicates: int = REPLICATES) -> dict[str, Any]:
    """AUC per database, their headline means and the pooled one, with intervals by subject."""
    figures = auc_figures(predictions)
    return {
        "n": len(predictions),
        "n_subjects": predictions.n_subjects,
        "auc": _by_database(figures),
        "macro_auc_abdf": figures["macro_abdf"],
        "mean_auc_abcdf": figures["mean_abcdf"],
        "pooled_auc": figures["pooled"],
        "interval_95": auc_intervals(predictions, seed=seed, replicates=replicates),
    }


def auc_figures(predictions: Predictions) -> dict[str, float]:
    """`auc_` and a database's name, `macro_abdf`, `mean_abcdf`, `pooled`."""
    databases, labels, scores = predictions.databases, predictions.labels, predictions.scores
    return _with_means(auc_by_group(databases, labels, scores), auc(labels, scores))


def resampled_auc_figures(
    predictions: Predictions, weights: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """The same for each replicate of `weights` (replicates, n), shape (replicates,) each."""
    labels, scores = predictions.labels, predictions.scores
    values = {}
    for name in np.unique(predictions.databases):
        own = predictions.databases == name
        values[str(name)] = weighted_auc(labels[own], scores[own], weights[:, own])
    return _with_means(values, weighted_auc(labels, scores, weights))


def auc_intervals(predictions: Predictions, *, seed: int, replicates: int) -> dict[str, list[float]]:
    """95 % intervals by subject of `auc_figures`; none without replicates."""
    if not replicates:
        return {}
    weights = subject_weights(predictions, seed=seed, replicates=replicates)
    return intervals(resampled_auc_figures(predictions, weights))


def _with_means(values: Mapping[str, Any], pooled: Any) -> dict[str, Any]:
    undefined = pooled * float("nan")
    return {f"auc_{name}": value for name, value in values.items()} | {
        "macro_abdf": sum(values.get(name, undefined) for name in HEADLINE_DATABASES)
        / len(HEADLINE_DATABASES),
        "mean_abcdf": sum(values.get(name, undefined) for name in LODO_DATABASES) / len(LODO_DATABASES),
        "pooled": pooled,
    }


def _by_database(figures: Mapping[str, float]) -> dict[str, float]:
    return {name.removeprefix("auc_"): value for name, value in figures.items() if name.startswith("auc_")}


def decisions(
    predictions: Predictions,
    probabilities: np.ndarray,
    threshold: Threshold,
    calls: np.ndarray | None = None,
    *,
    assumed_prevalence: float | None = None,
    seed: int = 0,
    replicates: int = 0,
) -> dict[str, Any]:
    """Forced and three-way figures at one operating point, pooled and per database (see `decision_table`).

    `calls` are the three-way labels where software gave them (its own quality check included); the band's otherwise.
    """
    decided = Decided.at(
        predictions, probabilities, threshold, calls=calls, assumed_prevalence=assumed_prevalence
    )
    return {
        "threshold": threshold.threshold,
        "unsure_band": list(threshold.band),
    } | decision_table(decided, seed=seed, replicates=replicates)


def full_table(
    predictions: Predictions,
    platt: Platt,
    points: dict[str, Threshold],
    *,
    seed: int = 0,
    replicates: int = REPLICATES,
) -> dict[str, Any]:
    """Ranking and, at each operating point, decisions."""
    probabilities = platt(predictions.scores)
    return {
        "ranking": ranking(predictions, seed=seed, replicates=replicates),
        "calibration": {"slope": platt.slope, "intercept": platt.intercept},
        "operating_points": {
            name: decisions(predictions, probabilities, point, seed=seed, replicates=replicates)
            for name, point in points.items()
        },
    }


def without_nan(value: Any) -> Any:
    """The same structure with None for NaN: JSON has no word for it."""
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
