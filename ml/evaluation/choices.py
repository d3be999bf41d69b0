"""What is chosen on held-out predictions: the members' shares, the calibration, thresholds and the unsure band."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data.corpus import Corpus
from ml.evaluation.calibration import Platt, Threshold, equal_weights, fit_platt, operating_points
from ml.evaluation.metrics import auc_by_group
from ml.evaluation.predictions import LODO_DATABASES, Predictions
from ml.training.folds import as_predictions, combined, member_weights
from ml.training.members import Indices

# With more members than this only simple mixtures are tried: a large grid would be an invitation to chance.
_MOST_FOR_ALL_SUBSETS = 5
# Four or five databases, two of them of some dozens, cannot tell mixtures apart whose mean AUC differs by less.
WORTH_A_CHOICE = 0.01

Shares = tuple[float, ...]


@dataclass(frozen=True)
class Chosen:
    """Choices, and what they were made on: `criterion` is the chosen shares' mean AUC over `databases`.

    `weights` multiply the members' logits; `prevalence` is the share of abnormal that the probability assumes.
    """

    shares: Shares
    weights: NDArray[np.float64]
    platt: Platt
    points: dict[str, Threshold]
    prevalence: float
    criterion: float
    databases: tuple[str, ...]

    def scores(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """The weighted mean of the members' logits (n, n_members), shape (n,)."""
        return combined(logits, self.weights)

    def as_dict(self, names: Sequence[str]) -> dict[str, Any]:
        """Plain JSON types; `names` are the members'."""
        return {
            "shares": dict(zip(names, self.shares, strict=True)),
            "calibration": {"slope": self.platt.slope, "intercept": self.platt.intercept},
            "assumed_prevalence": self.prevalence,
            "operating_points": {
                name: {"threshold": point.threshold, "unsure_band": list(point.band)}
                for name, point in self.points.items()
            },
            "mean_auc": self.criterion,
            "chosen_on": list(self.databases),
        }


def candidate_shares(n_members: int) -> list[Shares]:
    """The fixed grid of mixtures, all with an equal say first: every set of members, and all with one counted twice.

    Of more than five members: all, all but one, each alone, all with one counted twice.
    """
    if n_members == 1:
        return [(1.0,)]
    everyone = (1.0,) * n_members
    twice = [_with(everyone, position, 2.0) for position in range(n_members)]
    if n_members <= _MOST_FOR_ALL_SUBSETS:
        sets = [tuple(float(own) for own in chosen) for chosen in product((1, 0), repeat=n_members)]
        return [shares for shares in sets if any(shares)] + twice
    alone = [_with((0.0,) * n_members, position, 1.0) for position in range(n_members)]
    but_one = [_with(everyone, position, 0.0) for position in range(n_members)]
    return [everyone, *but_one, *alone, *twice]


def choose(
    corpus: Corpus,
    indices: Indices,
    logits: NDArray[np.float64],
    candidates: Sequence[Shares],
    *,
    databases_alike: bool = True,
) -> Chosen:
    """Choose on held-out logits (n, n_members) of the recordings at `indices`, and on nothing else.

    Shares: the first candidate, unless another's mean AUC over the databases among a, b, c, d, f (over all where there
    is none of those) is better by WORTH_A_CHOICE. With `databases_alike` calibration and thresholds weigh every pair of
    database and label alike, and the probability assumes the mean over databases of their shares of abnormal: for a new
    database. Without, every recording counts alike: for another subject of the same mix.
    """
    databases = [str(name) for name in np.unique(corpus.databases[indices])]
    judged_on = tuple(name for name in databases if name in LODO_DATABASES) or tuple(databases)
    values = [
        _mean_auc(as_predictions(corpus, indices, _scores(logits, shares)), judged_on)
        for shares in candidates
    ]
    place = int(np.nanargmax(values)) if np.isfinite(values).any() else 0
    if not values[place] > values[0] + WORTH_A_CHOICE:
        place = 0
    best, criterion = candidates[place], values[place]
    weights = member_weights(logits, best)
    predictions = as_predictions(corpus, indices, combined(logits, weights))
    prevalence = _mean_prevalence(predictions) if databases_alike else float(predictions.labels.mean())
    weight = equal_weights(predictions) if databases_alike else None
    platt = fit_platt(predictions.scores, predictions.labels, weight, prevalence=prevalence)
    points = operating_points(predictions, platt, weight)
    return Chosen(best, weights, platt, points, prevalence, float(criterion), judged_on)


def _scores(logits: NDArray[np.float64], shares: Shares) -> NDArray[np.float64]:
    return combined(logits, member_weights(logits, shares))


def _mean_auc(predictions: Predictions, names: Sequence[str]) -> float:
    values = auc_by_group(predictions.databases, predictions.labels, predictions.scores)
    defined = [values[name] for name in names if np.isfinite(values[name])]
    return float(np.mean(defined)) if defined else float("nan")


def _mean_prevalence(predictions: Predictions) -> float:
    shares = [
        predictions.labels[predictions.databases == name].mean() for name in np.unique(predictions.databases)
    ]
    return float(np.clip(np.mean(shares), 0.01, 0.99))


def _with(shares: Shares, position: int, value: float) -> Shares:
    return (*shares[:position], value, *shares[position + 1 :])
