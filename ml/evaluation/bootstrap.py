"""95 % intervals by resampling subjects, since recordings of one person are not independent."""

from collections.abc import Callable, Sequence

import numpy as np

from ml.evaluation.predictions import Predictions

REPLICATES = 500
_INTERVAL = (2.5, 97.5)


def resampled_rows(predictions: Predictions, rng: np.random.Generator) -> np.ndarray:
    """Rows of a replicate: subjects drawn with replacement within each database."""
    rows: list[np.ndarray] = []
    for database in np.unique(predictions.databases):
        own = np.flatnonzero(predictions.databases == database)
        order = own[np.argsort(predictions.subjects[own], kind="stable")]
        groups = np.split(
            order, np.flatnonzero(np.diff(np.unique(predictions.subjects[order], return_inverse=True)[1])) + 1
        )
        rows.extend(groups[pick] for pick in rng.integers(0, len(groups), len(groups)))
    return np.concatenate(rows)


def intervals(
    predictions: Predictions,
    figures: Callable[[Predictions], dict[str, float]],
    *,
    seed: int,
    replicates: int = REPLICATES,
) -> dict[str, list[float]]:
    """[low, high] of each figure; replicates in which a figure is undefined are left out of its interval."""
    rng = np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {}
    for _ in range(replicates):
        for name, value in figures(predictions.take(resampled_rows(predictions, rng))).items():
            drawn.setdefault(name, []).append(value)
    found = {name: bounds(values) for name, values in drawn.items()}
    return {name: interval for name, interval in found.items() if interval}


def bounds(values: Sequence[float]) -> list[float]:
    """[low, high] of a figure's replicates, those that are defined; empty when none is."""
    defined = [value for value in values if np.isfinite(value)]
    return [float(value) for value in np.percentile(defined, _INTERVAL)] if defined else []
