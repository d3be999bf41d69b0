"""What the two tabular members have in common: rows to train on, and logits of a corpus from rows."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.data.corpus import Corpus
from ml.data.loaders import balanced_weights
from ml.training.members.beats import VIEW_SETTINGS, BeatViews, beat_views, describe

CUT_WEIGHT = 0.5  # of a cut, beside the whole recording
ROW_SETTINGS = {"cut_weight": CUT_WEIGHT, "views": VIEW_SETTINGS}
RowsToLogits = Callable[[NDArray[np.float32]], NDArray[np.float64]]


@dataclass(frozen=True)
class Rows:
    """features (n, n_features), labels (n,) and weights (n,) with mean 1."""

    features: NDArray[np.float32]
    labels: NDArray[np.int_]
    weights: NDArray[np.float64]


def equal_weights(databases: NDArray[np.str_], labels: NDArray[np.int_]) -> NDArray[np.float64]:
    """One weight per recording: every pair of database and label counts alike; they add up to 1."""
    weights = np.zeros(len(labels))
    for database in np.unique(databases):
        for label in (0, 1):
            own = (databases == database) & (labels == label)
            if own.any():
                weights[own] = 1 / own.sum()
    return weights / weights.sum()


def training_rows(
    corpus: Corpus, indices: NDArray[np.intp], views: BeatViews, *, label_exponent: float | None = None
) -> Rows:
    """The recordings at `indices` and their cuts, wherever a heart cycle was found.

    All pairs of database and label count alike, unless `label_exponent` is given (see loaders.balanced_weights).
    """
    databases, recording_labels = corpus.databases[indices], corpus.labels[indices]
    if label_exponent is None:
        weights = equal_weights(databases, recording_labels)
    else:
        weights = balanced_weights(databases, recording_labels, label_exponent)
    features, labels, kept_weights = [], [], []
    for view in range(views.known.shape[1]):
        kept = views.known[indices, view]
        features.append(views.features[indices[kept], view])
        labels.append(corpus.labels[indices[kept]])
        kept_weights.append(weights[kept] * (CUT_WEIGHT if view else 1.0))
    weight = np.concatenate(kept_weights)
    return Rows(np.concatenate(features), np.concatenate(labels), weight / weight.mean())


def logits_of_corpus(
    corpus: Corpus, indices: NDArray[np.intp], to_logits: RowsToLogits
) -> NDArray[np.float64]:
    """Logits of whole recordings, NaN where no heart cycle was found."""
    views = beat_views(corpus)
    out = np.full(len(indices), np.nan)
    known = views.known[indices, 0]
    if known.any():
        out[known] = to_logits(views.features[indices[known], 0])
    return out


def logit_of_sound(samples: NDArray[np.float32], to_logits: RowsToLogits) -> float:
    """Logit of samples at corpus.FS_HZ, NaN where no heart cycle is found."""
    described = describe(samples - samples.mean())
    return float("nan") if described is None else float(to_logits(described[0][None])[0])
