"""The tables of the protocol, as plain dictionaries that are stored as JSON."""

import math
from typing import Any

import numpy as np

from ml.evaluation.bootstrap import REPLICATES, intervals
from ml.evaluation.calibration import Platt, Threshold
from ml.evaluation.decisions import Decided, decision_table
from ml.evaluation.metrics import auc, auc_by_group, macro
from ml.evaluation.predictions import HEADLINE_DATABASES, LODO_DATABASES, Predictions


def ranking(predictions: Predictions, *, seed: int = 0, replicates: int = REPLICATES) -> dict[str, Any]:
    """AUC per database, their headline means and the pooled one, with intervals by subject."""
    figures = _ranking_figures(predictions)
    return {
        "n": len(predictions),
        "n_subjects": predictions.n_subjects,
        "auc": _by_database(figures),
        "macro_auc_abdf": figures["macro_abdf"],
        "mean_auc_abcdf": figures["mean_abcdf"],
        "pooled_auc": figures["pooled"],
        "interval_95": intervals(predictions, _ranking_figures, seed=seed, replicates=replicates)
        if replicates
        else {},
    }


def _ranking_figures(predictions: Predictions) -> dict[str, float]:
    by_database = auc_by_group(predictions.databases, predictions.labels, predictions.scores)
    figures = {f"auc_{name}": value for name, value in by_database.items()}
    figures["macro_abdf"] = macro(by_database, HEADLINE_DATABASES)
    figures["mean_abcdf"] = macro(by_database, LODO_DATABASES)
    figures["pooled"] = auc(predictions.labels, predictions.scores)
    return figures


def _by_database(figures: dict[str, float]) -> dict[str, float]:
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
