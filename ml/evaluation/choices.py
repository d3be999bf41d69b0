"""What is chosen on held-out predictions: calibration, thresholds and the unsure band.

The members' shares are not among them: four or five databases, two of them of some dozens of recordings, cannot tell
mixtures apart, and a choice between three members once fell on the worst (docs/experiments.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data.corpus import Corpus
from ml.evaluation.calibration import Platt, Threshold, equal_weights, fit_platt, operating_points
from ml.evaluation.predictions import Predictions
from ml.training.folds import as_predictions, combined, member_weights
from ml.training.members import Indices

Shares = tuple[float, ...]


@dataclass(frozen=True)
class Chosen:
    """Choices, and the databases that they were made on.

    `weights` multiply the members' logits: `shares` over the spread of each one's held-out logits. `prevalence` is the
    share of abnormal that the probability assumes.
    """

    shares: Shares
    weights: NDArray[np.float64]
    platt: Platt
    points: dict[str, Threshold]
    prevalence: float
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
            "chosen_on": list(self.databases),
        }


def choose(
    corpus: Corpus,
    indices: Indices,
    logits: NDArray[np.float64],
    shares: Shares,
    *,
    databases_alike: bool = True,
) -> Chosen:
    """Choose on held-out logits (n, n_members) of the recordings at `indices`, and on nothing else.

    With `databases_alike` calibration and thresholds weigh every pair of database and label alike, and the probability
    assumes the mean over databases of their shares of abnormal: for a new database. Without, every recording counts
    alike: for another subject of the same mix.
    """
    weights = member_weights(logits, shares)
    predictions = as_predictions(corpus, indices, combined(logits, weights))
    prevalence = _mean_prevalence(predictions) if databases_alike else float(predictions.labels.mean())
    weight = equal_weights(predictions) if databases_alike else None
    platt = fit_platt(predictions.scores, predictions.labels, weight, prevalence=prevalence)
    points = operating_points(predictions, platt, weight)
    databases = tuple(str(name) for name in np.unique(predictions.databases))
    return Chosen(shares, weights, platt, points, prevalence, databases)


def _mean_prevalence(predictions: Predictions) -> float:
    shares = [
        predictions.labels[predictions.databases == name].mean() for name in np.unique(predictions.databases)
    ]
    return float(np.clip(np.mean(shares), 0.01, 0.99))
