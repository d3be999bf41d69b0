"""From scores to probabilities, thresholds and the unsure band, all from predictions on held-out recordings."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.predictions import Predictions

Floats = NDArray[np.float64]

SCREENING_SENSITIVITY = 0.90
# Held-out folds are seen once; asking for a little more leaves the wanted sensitivity on the next subjects too.
_SCREENING_MARGIN = 0.02
# Of the abnormal that `balanced` misses, how many screening may: where `balanced` finds nine of ten already, a point
# that finds no more would be no choice.
SCREENING_MISSES = 0.5
_BAND_SHARE = 0.05
_ITERATIONS = 100
# Keeps the slope finite on scores that separate the labels completely.
_RIDGE = 1e-3
# Per standard deviation of the scores: hardly more than none, but the order of the scores is kept.
SMALLEST_SLOPE = 0.05


@dataclass(frozen=True)
class Platt:
    """p = sigmoid(slope * score + intercept) (J. Platt, 1999)."""

    slope: float
    intercept: float

    def __call__(self, scores: Floats) -> Floats:
        return sigmoid(self.log_odds(scores))

    def log_odds(self, scores: Floats) -> Floats:
        """The logit of p."""
        return self.slope * np.asarray(scores) + self.intercept

    def at_prevalence(self, fitted_at: float, wanted: float) -> "Platt":
        """The same where another share of the recordings is abnormal: the odds are multiplied (Bayes)."""
        shift = math.log(wanted / (1 - wanted)) - math.log(fitted_at / (1 - fitted_at))
        return Platt(self.slope, self.intercept + shift)


@dataclass(frozen=True)
class Threshold:
    """A forced choice at `threshold`, a three-way one with `band` around it; all are probabilities."""

    threshold: float
    band: tuple[float, float]

    def calls(self, probabilities: Floats) -> NDArray[np.str_]:
        """ "normal", "abnormal" or "unsure" for each probability."""
        low, high = self.band
        forced = np.where(probabilities >= self.threshold, "abnormal", "normal")
        return np.where((probabilities > low) & (probabilities < high), "unsure", forced)


def sigmoid(z: Floats) -> Floats:
    """1 / (1 + exp(-z)) without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * np.asarray(z, dtype=np.float64)))


def fit_platt(
    scores: Floats,
    labels: NDArray[np.int_],
    weights: Floats | None = None,
    *,
    prevalence: float | None = None,
) -> Platt:
    """Maximum likelihood by Newton's method, with Platt's smoothed targets; the slope is never below SMALLEST_SLOPE.

    weights : of the recordings, shape (n,). prevalence : the share of abnormal that p shall assume; that of the
    weighted recordings when None. Scores that run backwards give the smallest slope and the intercept that belongs to
    it: a higher score must not mean a lower probability.
    """
    weights = np.ones(len(labels)) if weights is None else weights * len(labels) / weights.sum()
    positives, negatives = weights[labels == 1].sum(), weights[labels == 0].sum()
    targets = np.where(labels == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    scale = max(float(scores.std()), 1e-9)
    scaled = scores / scale
    slope, intercept = _newton(np.stack([scaled, np.ones(len(scores))], axis=1), targets, weights)
    if slope < SMALLEST_SLOPE:
        # The loss is convex, so the best slope that is allowed is the smallest one.
        slope = SMALLEST_SLOPE
        (intercept,) = _newton(np.ones((len(scores), 1)), targets, weights, offset=slope * scaled)
    platt = Platt(float(slope / scale), float(intercept))
    return platt if prevalence is None else platt.at_prevalence(positives / len(labels), prevalence)


def _newton(design: Floats, targets: Floats, weights: Floats, offset: Floats | float = 0.0) -> Floats:
    solution = np.zeros(design.shape[1])
    for _ in range(_ITERATIONS):
        p = sigmoid(design @ solution + offset)
        gradient = design.T @ (weights * (p - targets)) + _RIDGE * solution
        hessian = (design * (weights * p * (1 - p))[:, None]).T @ design + _RIDGE * np.eye(len(solution))
        change = np.linalg.solve(hessian, gradient)
        solution -= change
        if np.abs(change).max() < 1e-10:
            break
    return solution


def equal_weights(predictions: Predictions) -> Floats:
    """A weight per recording, mean 1: every pair of database and label counts alike, and the labels of a database too.

    A database with one label only counts by that label.
    """
    weights = np.zeros(len(predictions))
    for database in np.unique(predictions.databases):
        for label in (0, 1):
            own = (predictions.databases == database) & (predictions.labels == label)
            if own.any():
                weights[own] = 1 / own.sum()
    return weights * len(weights) / weights.sum()


def balanced_threshold(
    labels: NDArray[np.int_], probabilities: Floats, weights: Floats | None = None
) -> float:
    """The threshold of the largest MAcc; the middle of the plateau where several are within a thousandth of it."""
    weights = np.ones(len(labels)) if weights is None else weights
    candidates = np.unique(np.quantile(probabilities, np.linspace(0.01, 0.99, 393)))
    scores = _macc_at(candidates, labels, probabilities, weights)
    # The curve is jagged where few recordings lie; its local mean finds the plateau instead of a lucky tooth.
    smooth = np.convolve(np.pad(scores, 7, mode="edge"), np.ones(15) / 15, mode="valid")
    plateau = candidates[smooth >= smooth.max() - 1e-3]
    return float(np.median(plateau))


def _macc_at(thresholds: Floats, labels: NDArray[np.int_], probabilities: Floats, weights: Floats) -> Floats:
    found = [
        _share_from(thresholds, probabilities[labels == label], weights[labels == label]) for label in (1, 0)
    ]
    return (found[0] + 1 - found[1]) / 2


def _share_from(thresholds: Floats, probabilities: Floats, weights: Floats) -> Floats:
    """The weighted share of `probabilities` at or above each threshold."""
    order = np.argsort(probabilities)
    above = np.append(np.cumsum(weights[order][::-1])[::-1], 0.0) / weights.sum()
    return above[np.searchsorted(probabilities[order], thresholds, side="left")]


def screening_threshold(
    labels: NDArray[np.int_], probabilities: Floats, weights: Floats | None = None
) -> float:
    """The largest threshold that finds SCREENING_SENSITIVITY of the abnormal, with a margin, and misses at most
    SCREENING_MISSES of what the balanced one misses."""
    weights = np.ones(len(labels)) if weights is None else weights
    found, weight = probabilities[labels == 1], weights[labels == 1]
    balanced = balanced_threshold(labels, probabilities, weights)
    missed = float(weight[found < balanced].sum() / weight.sum())
    missable = min(1 - SCREENING_SENSITIVITY - _SCREENING_MARGIN, SCREENING_MISSES * missed)
    return min(weighted_quantile(found, weight, missable), balanced)


def weighted_quantile(values: Floats, weights: Floats, share: float) -> float:
    """The value below which `share` of the weight lies, straight lines in between; np.quantile for equal weights."""
    order = np.argsort(values)
    weight = weights[order]
    place = np.cumsum(weight) - weight
    reach = max(float(place[-1]), 1e-12)
    return float(np.interp(share, place / reach, values[order]))


def unsure_band(
    probabilities: Floats, threshold: float, share: float = _BAND_SHARE, weights: Floats | None = None
) -> tuple[float, float]:
    """The interval around `threshold` with `share` of the weight, half on each side where there is enough."""
    weights = np.ones(len(probabilities)) if weights is None else weights
    order = np.argsort(probabilities)
    ordered, behind = probabilities[order], np.cumsum(weights[order])
    place = int(np.searchsorted(ordered, threshold))
    at = behind[place - 1] if place else 0.0
    reach = max(float(weights.min()), share * behind[-1] / 2)
    low = ordered[int(np.searchsorted(behind, at - reach, side="right"))] if at > reach else ordered[0]
    high = ordered[min(len(ordered) - 1, int(np.searchsorted(behind, at + reach, side="right")))]
    return float(min(low, threshold)), float(max(high, threshold))


def operating_points(
    predictions: Predictions, platt: Platt, weights: Floats | None = None
) -> dict[str, Threshold]:
    """`balanced` and `screening` from held-out predictions."""
    p = platt(predictions.scores)
    points = {}
    for name, choose in (("balanced", balanced_threshold), ("screening", screening_threshold)):
        threshold = choose(predictions.labels, p, weights)
        points[name] = Threshold(threshold, unsure_band(p, threshold, weights=weights))
    return points


def session_calibration(predictions: Predictions, platt: Platt) -> Platt:
    """Recalibrates the mean over a subject's recordings of the calibrated logit, for the session-level reading.

    Fitted on subjects of at least two recordings who carry one label; the identity where there are not both labels.
    """
    logits = platt.log_odds(predictions.scores)
    means, labels = [], []
    for subject in np.unique(predictions.subjects):
        own = predictions.subjects == subject
        if own.sum() >= 2 and len(np.unique(predictions.labels[own])) == 1:
            means.append(logits[own].mean())
            labels.append(int(predictions.labels[own][0]))
    if len(set(labels)) < 2:
        return Platt(1.0, 0.0)
    return fit_platt(np.array(means), np.array(labels))
