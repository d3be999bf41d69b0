"""What a model decides at an operating point, forced and three-way: pooled, per database and in the mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.bootstrap import bounds, subject_weights
from ml.evaluation.calibration import Threshold, sigmoid
from ml.evaluation.metrics import (
    ECE_BINS,
    brier,
    challenge_score,
    expected_calibration_error,
    rates,
    reliability,
    risk_coverage,
)
from ml.evaluation.predictions import HEADLINE_DATABASES, LODO_DATABASES, Predictions

POOLED = "pooled"
MEANS = {"mean_abdf": HEADLINE_DATABASES, "mean_abcdf": LODO_DATABASES}
_COVERAGES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)


@dataclass(frozen=True)
class Decided:
    """Predictions with what was decided of each recording; arrays of shape (n,).

    `predictions.scores` are the calibrated log odds of `probabilities`. `thresholds` and `assumed_prevalence` differ
    between recordings where several models were judged, each on what it had not seen.
    """

    predictions: Predictions
    probabilities: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    calls: NDArray[np.str_]
    assumed_prevalence: NDArray[np.float64]

    @classmethod
    def at(
        cls,
        predictions: Predictions,
        probabilities: NDArray[np.float64],
        threshold: Threshold,
        *,
        calls: NDArray[np.str_] | None = None,
        assumed_prevalence: float | None = None,
    ) -> "Decided":
        """Decisions of one model. `calls` are the software's labels (its quality check included), or the band's.

        The probability assumes the share of abnormal among `predictions` where `assumed_prevalence` is None.
        """
        n = len(predictions)
        assumed = float(predictions.labels.mean()) if assumed_prevalence is None else assumed_prevalence
        return cls(
            predictions,
            probabilities,
            np.full(n, threshold.threshold),
            threshold.calls(probabilities) if calls is None else calls,
            np.full(n, assumed),
        )

    @classmethod
    def joined(cls, parts: Sequence["Decided"]) -> "Decided":
        """Several models' decisions as one."""
        return cls(
            Predictions.joined([part.predictions for part in parts]),
            *(
                np.concatenate([getattr(part, name) for part in parts])
                for name in ("probabilities", "thresholds", "calls", "assumed_prevalence")
            ),
        )

    def __len__(self) -> int:
        return len(self.predictions)

    @property
    def forced(self) -> NDArray[np.bool_]:
        """True where a forced choice says abnormal."""
        return self.probabilities >= self.thresholds

    def take(self, rows: NDArray[np.generic]) -> "Decided":
        """The decisions at `rows` (indices or a mask)."""
        return Decided(
            self.predictions.take(rows),
            self.probabilities[rows],
            self.thresholds[rows],
            self.calls[rows],
            self.assumed_prevalence[rows],
        )


def decision_table(decided: Decided, *, seed: int = 0, replicates: int = 0) -> dict[str, Any]:
    """Figures of `_group_figures` pooled, per database and as means over databases, with what the plots need.

    With `replicates`, 95 % intervals by subject of Se, Sp, MAcc, the three-way MAcc, coverage, Brier score and
    calibration error of each group.
    """
    groups = {name: _group_figures(own) for name, own in _groups(decided).items()}
    for name, databases in MEANS.items():
        if all(database in groups for database in databases):
            groups[name] = _mean_figures([groups[database] for database in databases])
    if replicates:
        for name, intervals in _intervals(decided, seed=seed, replicates=replicates).items():
            groups[name]["interval_95"] = intervals
    return {
        "groups": groups,
        "risk_coverage": _risk_coverage(decided),
        "reliability": reliability(decided.predictions.labels, decided.probabilities),
        "confusion": _confusion(decided),
    }


def _groups(decided: Decided) -> dict[str, Decided]:
    databases = decided.predictions.databases
    return {POOLED: decided} | {str(name): decided.take(databases == name) for name in np.unique(databases)}


def _group_figures(own: Decided) -> dict[str, Any]:
    """Forced and three-way figures, coverage, unsure rates by label and quality, Brier score, calibration error.

    `own_prevalence` repeats the last two after the odds were moved to the group's own share of abnormal, as a clinic
    that states its prevalence would.
    """
    labels, usable = own.predictions.labels, own.predictions.usable
    unsure, forced = own.calls == "unsure", own.forced
    at_own = _at_own_prevalence(own)
    return {
        "n": len(own),
        "n_subjects": own.predictions.n_subjects,
        "prevalence": float(labels.mean()),
        "forced": rates(labels, forced)
        | {"challenge": challenge_score(labels, usable, np.where(forced, "abnormal", "normal"))},
        "three_way": challenge_score(labels, usable, own.calls)
        | {
            "coverage": float(1 - unsure.mean()),
            "answered": rates(labels[~unsure], forced[~unsure]),
            "unsure_normal": _share(unsure[labels == 0]),
            "unsure_abnormal": _share(unsure[labels == 1]),
            "unsure_noisy": _share(unsure[~usable]),
            "unsure_usable": _share(unsure[usable]),
        },
        "brier": brier(labels, own.probabilities),
        "ece": expected_calibration_error(labels, own.probabilities),
        "own_prevalence": {
            "brier": brier(labels, at_own),
            "ece": expected_calibration_error(labels, at_own),
        },
    }


def _at_own_prevalence(own: Decided) -> NDArray[np.float64]:
    prevalence = own.predictions.labels.mean()
    if not 0 < prevalence < 1:
        return own.probabilities
    shift = log_odds(np.full(len(own), prevalence)) - log_odds(own.assumed_prevalence)
    return sigmoid(log_odds(own.probabilities) + shift)


def _mean_figures(groups: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The mean of each figure over groups; counts are added up."""
    result: dict[str, Any] = {}
    for key, first in groups[0].items():
        values = [group[key] for group in groups]
        if isinstance(first, Mapping):
            result[key] = _mean_figures(values)
        else:
            result[key] = int(sum(values)) if isinstance(first, int) else float(np.mean(values))
    return result


def short_figures(own: Decided) -> dict[str, float]:
    """Forced Se, Sp and MAcc, three-way MAcc, coverage, Brier score and calibration error."""
    labels = own.predictions.labels
    forced = rates(labels, own.forced)
    return forced | {
        "three_way_macc": challenge_score(labels, own.predictions.usable, own.calls)["macc"],
        "coverage": float((own.calls != "unsure").mean()),
        "brier": brier(labels, own.probabilities),
        "ece": expected_calibration_error(labels, own.probabilities),
    }


def _intervals(decided: Decided, *, seed: int, replicates: int) -> dict[str, dict[str, list[float]]]:
    weights = subject_weights(decided.predictions, seed=seed, replicates=replicates)
    places = {POOLED: np.ones(len(decided), bool)}
    databases = decided.predictions.databases
    places |= {str(name): databases == name for name in np.unique(databases)}
    drawn = {name: _resampled(decided.take(own), weights[:, own]) for name, own in places.items()}
    for name, members in MEANS.items():
        if all(database in drawn for database in members):
            drawn[name] = {
                key: np.mean([drawn[database][key] for database in members], axis=0) for key in drawn[POOLED]
            }
    return {name: {key: bounds(values) for key, values in own.items()} for name, own in drawn.items()}


def _resampled(own: Decided, weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """`short_figures` of each replicate of `weights` (replicates, n), shape (replicates,) each."""
    labels, usable, p = own.predictions.labels, own.predictions.usable, own.probabilities
    right = np.where(labels == 1, own.calls == "abnormal", own.calls == "normal")
    # The challenge's score: the counts of its parts cancel, so that recordings just add up.
    right_three_way = right | ((own.calls == "unsure") & ~usable)
    forced = own.forced == (labels == 1)
    bins = np.minimum((p * ECE_BINS).astype(int), ECE_BINS - 1)
    gaps = np.abs(weights @ ((p - labels)[:, None] * (bins[:, None] == np.arange(ECE_BINS))))
    with np.errstate(invalid="ignore", divide="ignore"):
        se, sp = _weighted_share(forced, labels == 1, weights), _weighted_share(forced, labels == 0, weights)
        three_way = [_weighted_share(right_three_way, labels == label, weights) for label in (1, 0)]
        total = weights.sum(axis=1)
        return {
            "se": se,
            "sp": sp,
            "macc": (se + sp) / 2,
            "three_way_macc": (three_way[0] + three_way[1]) / 2,
            "coverage": weights @ (own.calls != "unsure") / total,
            "brier": weights @ (p - labels) ** 2 / total,
            "ece": gaps.sum(axis=1) / total,
        }


def _weighted_share(
    right: NDArray[np.bool_], among: NDArray[np.bool_], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    return weights @ (right & among) / (weights @ among)


def _risk_coverage(decided: Decided) -> list[dict[str, float]]:
    distance = np.abs(log_odds(decided.probabilities) - log_odds(decided.thresholds))
    coverage, risk = risk_coverage(decided.predictions.labels, decided.forced, distance)
    places = [min(len(coverage) - 1, int(np.searchsorted(coverage, wanted))) for wanted in _COVERAGES]
    return [{"coverage": float(coverage[place]), "risk": float(risk[place])} for place in places]


def _confusion(decided: Decided) -> dict[str, dict[str, int]]:
    labels = decided.predictions.labels
    return {
        truth: {
            call: int(((labels == label) & (decided.calls == call)).sum())
            for call in ("normal", "unsure", "abnormal")
        }
        for truth, label in (("normal", 0), ("abnormal", 1))
    }


def log_odds(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """log(p / (1 - p)), finite for 0 and 1 too."""
    bounded = np.clip(p, 1e-9, 1 - 1e-9)
    return np.log(bounded) - np.log1p(-bounded)


def _share(values: NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else float("nan")
