"""From scores to probabilities, thresholds and the unsure band, all from predictions on held-out recordings."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.metrics import rates
from ml.evaluation.predictions import Predictions

Floats = NDArray[np.float64]

SCREENING_SENSITIVITY = 0.90
# Held-out folds are seen once; asking for a little more leaves the wanted sensitivity on the next subjects too.
_SCREENING_MARGIN = 0.02
_BAND_SHARE = 0.05
_ITERATIONS = 100
# Keeps the slope finite on scores that separate the labels completely.
_RIDGE = 1e-3


@dataclass(frozen=True)
class Platt:
    """p = sigmoid(slope * score + intercept) (J. Platt, 1999)."""

    slope: float
    intercept: float

    def __call__(self, scores: Floats) -> Floats:
        return sigmoid(self.slope * np.asarray(scores) + self.intercept)


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


def fit_platt(scores: Floats, labels: NDArray[np.int_], weights: Floats | None = None) -> Platt:
    """Maximum likelihood by Newton's method, with Platt's smoothed targets."""
    weights = np.ones(len(labels)) if weights is None else weights * len(labels) / weights.sum()
    positives, negatives = weights[labels == 1].sum(), weights[labels == 0].sum()
    targets = np.where(labels == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    scale = max(float(scores.std()), 1e-9)
    design = np.stack([scores / scale, np.ones(len(scores))], axis=1)
    solution = np.zeros(2)
    for _ in range(_ITERATIONS):
        p = sigmoid(design @ solution)
        gradient = design.T @ (weights * (p - targets)) + _RIDGE * solution
        hessian = (design * (weights * p * (1 - p))[:, None]).T @ design + _RIDGE * np.eye(2)
        change = np.linalg.solve(hessian, gradient)
        solution -= change
        if np.abs(change).max() < 1e-10:
            break
    return Platt(float(solution[0] / scale), float(solution[1]))


def balanced_threshold(labels: NDArray[np.int_], probabilities: Floats) -> float:
    """The threshold of the largest MAcc; the middle of the plateau where several are within a thousandth of it."""
    candidates = np.unique(np.quantile(probabilities, np.linspace(0.01, 0.99, 393)))
    scores = np.array([rates(labels, probabilities >= value)["macc"] for value in candidates])
    # The curve is jagged where few recordings lie; its local mean finds the plateau instead of a lucky tooth.
    smooth = np.convolve(np.pad(scores, 7, mode="edge"), np.ones(15) / 15, mode="valid")
    plateau = candidates[smooth >= smooth.max() - 1e-3]
    return float(np.median(plateau))


def screening_threshold(labels: NDArray[np.int_], probabilities: Floats) -> float:
    """The largest threshold that finds SCREENING_SENSITIVITY of the abnormal, with a margin.

    Never above the balanced one: screening must not miss what the other operating point finds.
    """
    wanted = float(np.quantile(probabilities[labels == 1], 1 - SCREENING_SENSITIVITY - _SCREENING_MARGIN))
    return min(wanted, balanced_threshold(labels, probabilities))


def unsure_band(probabilities: Floats, threshold: float, share: float = _BAND_SHARE) -> tuple[float, float]:
    """The interval around `threshold` with `share` of the recordings, half on each side where there are enough."""
    ordered = np.sort(probabilities)
    place = int(np.searchsorted(ordered, threshold))
    reach = max(1, round(share * len(ordered) / 2))
    low = ordered[max(0, place - reach)]
    high = ordered[min(len(ordered) - 1, place + reach)]
    return float(min(low, threshold)), float(max(high, threshold))


def operating_points(predictions: Predictions, platt: Platt) -> dict[str, Threshold]:
    """`balanced` and `screening` from held-out predictions."""
    p = platt(predictions.scores)
    points = {}
    for name, choose in (("balanced", balanced_threshold), ("screening", screening_threshold)):
        threshold = choose(predictions.labels, p)
        points[name] = Threshold(threshold, unsure_band(p, threshold))
    return points


def session_calibration(predictions: Predictions, platt: Platt) -> Platt:
    """Recalibrates the mean over a subject's recordings of the calibrated logit, for the session-level reading.

    Fitted on subjects of at least two recordings who carry one label; the identity where there are not both labels.
    """
    logits = platt.slope * predictions.scores + platt.intercept
    means, labels = [], []
    for subject in np.unique(predictions.subjects):
        own = predictions.subjects == subject
        if own.sum() >= 2 and len(np.unique(predictions.labels[own])) == 1:
            means.append(logits[own].mean())
            labels.append(int(predictions.labels[own][0]))
    if len(set(labels)) < 2:
        return Platt(1.0, 0.0)
    return fit_platt(np.array(means), np.array(labels))
