"""The operating curve of a model, from what it said of recordings it had not learnt from."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.calibration import unsure_band
from ml.inference.curve import CurvePoint, OperatingCurve

# Shares of the abnormal recordings that the points are to find: fine where a clinic may choose, coarse elsewhere.
_COARSE = np.linspace(0.05, 0.70, 14)
_FINE = np.linspace(0.75, 1.0, 51)


def operating_curve(
    labels: NDArray[np.int_],
    probabilities: NDArray[np.float64],
    thresholds: Sequence[float] = (),
    weights: NDArray[np.float64] | None = None,
) -> OperatingCurve:
    """Some 65 thresholds with the sensitivity and specificity measured at each, and an unsure band around it.

    labels : (n,), 1 abnormal, 0 normal.
    probabilities : (n,), calibrated, of the same recordings, each from a model that had not seen its subject.
    thresholds : thresholds that must be among the points, such as those of the released operating points.
    weights : (n,), positive, where not every recording counts alike (`ml.evaluation.calibration.equal_weights`).
    Each point is the highest threshold that still finds its share, so that equal shares become one point.
    Raises ValueError without recordings of both labels.
    """
    abnormal = labels == 1
    if not abnormal.any() or abnormal.all():
        raise ValueError("An operating curve needs abnormal and normal recordings.")
    counted = np.ones(len(labels)) if weights is None else weights
    order = np.argsort(-probabilities[abnormal], kind="stable")
    found = probabilities[abnormal][order]
    share = np.cumsum(counted[abnormal][order]) / counted[abnormal].sum()
    # Asking for a little less keeps 0.8 of 10 from becoming the ninth by an error of rounding.
    places = np.searchsorted(share, np.concatenate([_COARSE, _FINE]) - 1e-9)
    chosen = np.unique(np.concatenate([found[places], np.asarray(thresholds, dtype=float)]))
    return OperatingCurve(
        points=tuple(
            CurvePoint(
                threshold=float(threshold),
                unsure_band=unsure_band(probabilities, float(threshold), weights=weights),
                sensitivity=_share(probabilities[abnormal] >= threshold, counted[abnormal]),
                specificity=_share(probabilities[~abnormal] < threshold, counted[~abnormal]),
            )
            for threshold in chosen
        ),
        n_abnormal=int(abnormal.sum()),
        n_normal=int((~abnormal).sum()),
        databases_alike=weights is not None,
    )


def _share(held: NDArray[np.bool_], weights: NDArray[np.float64]) -> float:
    # Rounded, so that sums in another order do not make a curve fall by the last bit.
    return round(float(weights[held].sum() / weights.sum()), 9)
