"""The tables of the protocol, as plain dictionaries that are stored as JSON."""

import math
from typing import Any

import numpy as np

from ml.evaluation.bootstrap import REPLICATES, intervals
from ml.evaluation.calibration import Platt, Threshold
from ml.evaluation.metrics import (
    auc,
    auc_by_group,
    brier,
    challenge_score,
    expected_calibration_error,
    macro,
    rates,
    reliability,
    risk_coverage,
)
from ml.evaluation.predictions import HEADLINE_DATABASES, LODO_DATABASES, Predictions

_COVERAGES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)


def ranking(predictions: Predictions, *, seed: int = 0, replicates: int = REPLICATES) -> dict[str, Any]:
    """AUC per database, their headline means and the pooled one, with intervals by subject."""
    figures = _ranking_figures(predictions)
    return {
        "n": len(predictions),
        "n_subjects": len(np.unique(predictions.subjects)),
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
) -> dict[str, Any]:
    """Forced and three-way figures at one operating point, pooled and per database.

    `calls` are the three-way labels where software gave them (its own quality check included); the band's otherwise.
    """
    calls = threshold.calls(probabilities) if calls is None else calls
    forced = probabilities >= threshold.threshold
    groups = {"pooled": np.ones(len(predictions), dtype=bool)}
    groups |= {str(name): predictions.databases == name for name in np.unique(predictions.databases)}
    return {
        "threshold": threshold.threshold,
        "unsure_band": list(threshold.band),
        "groups": {
            name: _group(predictions.take(rows), probabilities[rows], forced[rows], calls[rows])
            for name, rows in groups.items()
        },
        "risk_coverage": _risk_coverage(predictions, probabilities, threshold),
        "reliability": reliability(predictions.labels, probabilities),
        "confusion": _confusion(predictions.labels, calls),
    }


def _group(
    predictions: Predictions, probabilities: np.ndarray, forced: np.ndarray, calls: np.ndarray
) -> dict[str, Any]:
    labels, usable = predictions.labels, predictions.usable
    unsure = calls == "unsure"
    forced_calls = np.where(forced, "abnormal", "normal")
    return {
        "n": len(labels),
        "prevalence": float(labels.mean()),
        "forced": rates(labels, forced) | {"challenge": challenge_score(labels, usable, forced_calls)},
        "three_way": challenge_score(labels, usable, calls)
        | {
            "coverage": float(1 - unsure.mean()),
            "answered": rates(labels[~unsure], forced[~unsure]),
            "unsure_normal": _mean(unsure[labels == 0]),
            "unsure_abnormal": _mean(unsure[labels == 1]),
            "unsure_noisy": _mean(unsure[~usable]),
            "unsure_usable": _mean(unsure[usable]),
        },
        "brier": brier(labels, probabilities),
        "ece": expected_calibration_error(labels, probabilities),
    }


def _risk_coverage(
    predictions: Predictions, probabilities: np.ndarray, threshold: Threshold
) -> list[dict[str, float]]:
    odds = np.log(np.clip(probabilities, 1e-9, 1 - 1e-9)) - np.log1p(-np.clip(probabilities, 1e-9, 1 - 1e-9))
    limit = math.log(max(threshold.threshold, 1e-9)) - math.log1p(-min(threshold.threshold, 1 - 1e-9))
    coverage, risk = risk_coverage(
        predictions.labels, probabilities >= threshold.threshold, np.abs(odds - limit)
    )
    places = [min(len(coverage) - 1, int(np.searchsorted(coverage, wanted))) for wanted in _COVERAGES]
    return [{"coverage": float(coverage[place]), "risk": float(risk[place])} for place in places]


def _confusion(labels: np.ndarray, calls: np.ndarray) -> dict[str, dict[str, int]]:
    return {
        truth: {
            call: int(((labels == label) & (calls == call)).sum())
            for call in ("normal", "abnormal", "unsure")
        }
        for truth, label in (("normal", 0), ("abnormal", 1))
    }


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
            name: decisions(predictions, probabilities, point) for name, point in points.items()
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


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")
