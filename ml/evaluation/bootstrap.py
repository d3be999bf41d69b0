"""95 % intervals by resampling subjects, since recordings of one person are not independent."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.predictions import Predictions

REPLICATES = 500
_INTERVAL = (2.5, 97.5)


def subject_weights(predictions: Predictions, *, seed: int, replicates: int) -> NDArray[np.float64]:
    """How often each recording is drawn in each replicate, shape (replicates, n).

    Subjects are drawn with replacement within each database, and with a subject all of their recordings.
    """
    rng = np.random.default_rng(seed)
    weights = np.zeros((replicates, len(predictions)))
    for database in np.unique(predictions.databases):
        own = np.flatnonzero(predictions.databases == database)
        _, subject = np.unique(predictions.subjects[own], return_inverse=True)
        n_subjects = int(subject.max()) + 1
        for replicate in range(replicates):
            drawn = np.bincount(rng.integers(0, n_subjects, n_subjects), minlength=n_subjects)
            weights[replicate, own] = drawn[subject]
    return weights


def bounds(values: NDArray[np.float64]) -> list[float]:
    """[low, high] of a figure's replicates, those that are defined; empty when none is."""
    defined = values[np.isfinite(values)]
    return [float(value) for value in np.percentile(defined, _INTERVAL)] if len(defined) else []


def intervals(figures: Mapping[str, Any]) -> dict[str, list[float]]:
    """[low, high] of each figure, given its replicates (replicates,); one that is nowhere defined has none."""
    found = {name: bounds(np.asarray(values)) for name, values in figures.items()}
    return {name: interval for name, interval in found.items() if interval}
