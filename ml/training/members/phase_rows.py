"""What the members made from beats have in common: the weights of their rows, and how their logits are asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ml.data.corpus import Corpus
from ml.data.loaders import balanced_weights
from ml.training.members.beats import (
    MURMUR_VIEWS,
    N_VIEWS,
    VIEW_SETTINGS,
    WHOLE,
    BeatViews,
    beat_views,
    describe,
    view_labels,
)

VIEW_WEIGHT = (
    0.5  # of a cut, beside the whole recording; of a murmur laid over it, where a member says nothing else
)
# Half-way between equal labels and their counts: pooled figures gain, an unseen database loses nothing
# (docs/experiments.md).
LABEL_EXPONENT = 0.5
VIEW_BALANCE = {"view_weight": VIEW_WEIGHT, "label_exponent": LABEL_EXPONENT, "views": VIEW_SETTINGS}
# The members that read rows of numbers learn from recordings alone: murmurs made by rule cost them more on the subjects
# of the same databases than they gain on an unseen one. The networks gain on both.
ROW_SETTINGS = VIEW_BALANCE | {"murmurs": False}
What = Literal["features", "pictures", "peak_pictures"]  # of BeatViews and Described
ToLogits = Callable[[NDArray[Any]], NDArray[np.float64]]  # one for each of (n, ...), n at least 1


@dataclass(frozen=True)
class Rows:
    """features (n, n_features), labels (n,) and weights (n,) with mean 1."""

    features: NDArray[np.float32]
    labels: NDArray[np.int_]
    weights: NDArray[np.float64]


def view_weights(
    views: BeatViews,
    databases: NDArray[np.str_],
    labels: NDArray[np.int_],
    *,
    murmur_weight: float = VIEW_WEIGHT,
) -> NDArray[np.float64]:
    """How much each view of n recordings counts, (n, N_VIEWS), adding up to 1; nothing where it is not known.

    Recordings are balanced by database and label (see loaders.balanced_weights); beside the whole of a recording its
    cuts weigh VIEW_WEIGHT each, and the murmurs laid over it, which count as abnormal, `murmur_weight` each.
    """
    per_view = np.full(N_VIEWS, VIEW_WEIGHT)
    per_view[WHOLE] = 1.0
    per_view[MURMUR_VIEWS] = murmur_weight
    weights = balanced_weights(databases, labels, LABEL_EXPONENT)[:, None] * per_view * views.known
    return weights / weights.sum()


def training_rows(corpus: Corpus, indices: NDArray[np.intp], views: BeatViews) -> Rows:
    """The recordings at `indices`, whole and cut, wherever a heart cycle was found."""
    own = views.take(indices)
    weights = view_weights(own, corpus.databases[indices], corpus.labels[indices], murmur_weight=0.0)
    used = weights > 0
    weight = weights[used]
    return Rows(own.features[used], view_labels(corpus.labels[indices])[used], weight / weight.mean())


def logits_of_corpus(
    corpus: Corpus, indices: NDArray[np.intp], what: What, to_logits: ToLogits
) -> NDArray[np.float64]:
    """Logits of whole recordings by what a member reads of them, NaN where no heart cycle was found."""
    views = beat_views(corpus)
    out = np.full(len(indices), np.nan)
    known = views.known[indices, WHOLE]
    if known.any():
        out[known] = to_logits(getattr(views, what)[indices[known], WHOLE])
    return out


def logit_of_sound(samples: NDArray[np.float32], what: What, to_logits: ToLogits) -> float:
    """Logit of samples at corpus.FS_HZ, NaN where no heart cycle is found."""
    described = describe(samples - samples.mean())
    return float("nan") if described is None else float(to_logits(getattr(described, what)[None])[0])
