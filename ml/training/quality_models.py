"""The two models of the quality index: a linear one and boosted trees, averaged; fitted here, run by `ml.dsp.quality`.

The linear model carries over to devices never seen, the trees know more of those seen; their mean did better than
either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

# Colour belongs to the device, so what asks "is it clear" must not look at it; what asks "is it a heart" may,
# because its training recordings are recoloured at random.
COLOUR = frozenset(
    {
        "share_23", "share_60", "share_120", "share_250", "share_500", "centroid", "roughness", "lines", "flatness",
    }
)  # fmt: skip
LIMIT_SD = 3.0
REGULARISATION = 0.05
N_TREES, DEPTH, SHRINKAGE = 80, 3, 0.12
SUBSAMPLE, FEATURES_A_SPLIT, LEAST_IN_LEAF = 0.3, 8, 15


@dataclass(frozen=True)
class Fitted:
    """Both models of one question, on the features in `columns`; `offset` is taken off their mean logit."""

    columns: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    linear: Any
    trees: Any
    offset: float = 0.0

    def logits(self, features: np.ndarray) -> np.ndarray:
        """(n,) of all features (n, n_features); positive for yes."""
        if not len(features):
            return np.zeros(0)
        chosen = features[:, self.columns]
        linear = self.linear.decision_function(_standard(chosen, self.mean, self.sd))
        return (linear + self.trees.decision_function(chosen)) / 2 - self.offset


def fit(
    features: np.ndarray, target: np.ndarray, weight: np.ndarray, columns: np.ndarray, seed: int
) -> Fitted:
    """Both models of `target` (n,) bool, on `columns` of `features` (n, n_features)."""
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression

    chosen = features[:, columns]
    weight = weight / weight.mean()
    mean, sd = chosen.mean(axis=0), chosen.std(axis=0) + 1e-9
    linear = LogisticRegression(C=REGULARISATION, max_iter=3000)
    linear.fit(_standard(chosen, mean, sd), target, sample_weight=weight)
    trees = GradientBoostingClassifier(
        n_estimators=N_TREES, max_depth=DEPTH, learning_rate=SHRINKAGE, subsample=SUBSAMPLE,
        max_features=FEATURES_A_SPLIT, min_samples_leaf=LEAST_IN_LEAF, random_state=seed,
    )  # fmt: skip
    trees.fit(chosen, target, sample_weight=weight)
    return Fitted(columns, mean, sd, linear, trees)


def export(fitted: Fitted, names: list[str]) -> dict[str, Any]:
    """Plain numbers of both models, as `ml.dsp.quality` reads them."""
    return {
        "features": [names[column] for column in fitted.columns],
        "offset": round(fitted.offset, 6),
        "linear": {
            "mean": _rounded(fitted.mean), "sd": _rounded(fitted.sd), "limit": LIMIT_SD,
            "weights": _rounded(fitted.linear.coef_[0]), "intercept": round(float(fitted.linear.intercept_[0]), 6),
        },
        "trees": _export_trees(fitted.trees),
    }  # fmt: skip


def _export_trees(model: Any) -> dict[str, Any]:
    """One row a tree; a leaf points at itself, so that all are walked equally deep."""
    columns: dict[str, list[list[float]]] = {
        name: [] for name in ("feature", "threshold", "left", "right", "value")
    }
    width = 2 ** (DEPTH + 1) - 1
    for (estimator,) in model.estimators_:
        tree = estimator.tree_
        own = np.arange(tree.node_count)
        leaf = tree.children_left < 0
        for name, values in (
            ("feature", np.where(leaf, 0, tree.feature)),
            ("threshold", np.where(leaf, 0.0, tree.threshold)),
            ("left", np.where(leaf, own, tree.children_left)),
            ("right", np.where(leaf, own, tree.children_right)),
            ("value", np.where(leaf, model.learning_rate * tree.value[:, 0, 0], 0.0)),
        ):
            padded = np.pad(values, (0, width - tree.node_count))
            whole = name in ("feature", "left", "right")
            columns[name].append([int(v) if whole else round(float(v), 5) for v in padded])
    prior = float(model.init_.class_prior_[1])
    return {**columns, "depth": DEPTH, "intercept": round(float(np.log(prior / (1 - prior))), 6)}


def _standard(features: np.ndarray, mean: np.ndarray, sd: np.ndarray) -> np.ndarray:
    return np.clip((features - mean) / sd, -LIMIT_SD, LIMIT_SD)


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(value), 6) for value in values]
