"""Trees on phase features: boosted and extremely randomised ones, voting; they see what a straight line cannot."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ml.data.corpus import Corpus
from ml.dsp.phase_features import phase_feature_names
from ml.training.config import Preset
from ml.training.members.beats import beat_views
from ml.training.members.phase_rows import ROW_SETTINGS, Rows, logit_of_sound, logits_of_corpus, training_rows

if TYPE_CHECKING:
    from sklearn.ensemble import VotingClassifier

NAME = "phase_trees"
# Shallow and many: single databases are small, and a deep tree learns which one it is in.
BOOSTED = {
    "n_estimators": 80,
    "learning_rate": 0.12,
    "max_leaf_nodes": 4,
    "min_samples_leaf": 60,
    "max_features": 0.1,
    "subsample": 0.6,
}
# Each sees other rows and other features at every step: one alone is a matter of luck on databases of 40 recordings.
# Together they count as much as the randomised trees.
BOOSTED_FITS = 4
RANDOMISED = {"n_estimators": 120, "min_samples_leaf": 24, "max_features": 0.3}
_PROBABILITY_LIMIT = 1e-6  # as the predictor clips, so that both give the same logit


def fit(rows: Rows, seed: int) -> "VotingClassifier":
    """The voting trees of weighted rows; the same for the same seed."""
    from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier, VotingClassifier

    boosted = [
        (
            f"boosted-{number + 1}",
            GradientBoostingClassifier(**BOOSTED, random_state=BOOSTED_FITS * seed + number),
        )
        for number in range(BOOSTED_FITS)
    ]
    model = VotingClassifier(
        [*boosted, ("randomised", ExtraTreesClassifier(**RANDOMISED, random_state=seed))],
        voting="soft",
        weights=np.array([*[1 / BOOSTED_FITS] * BOOSTED_FITS, 1.0]),  # skl2onnx asks for the array's sum
        flatten_transform=False,  # the only way that has an ONNX counterpart
    )
    # Trees compare with thresholds: fitted on 32-bit floats they agree with the exported graph, which has no others.
    return model.fit(rows.features.astype(np.float32), rows.labels, sample_weight=rows.weights)


def predict_logit(model: "VotingClassifier", features: NDArray[np.float32]) -> NDArray[np.float64]:
    """One logit per row, shape (n,)."""
    p = np.clip(model.predict_proba(features)[:, 1], _PROBABILITY_LIMIT, 1 - _PROBABILITY_LIMIT)
    return np.log(p / (1 - p))


def export_onnx(model: "VotingClassifier", path: Path) -> None:
    """Write the model as (n, n_features) float32 -> label and (n, 2) probabilities."""
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType

    n_features = len(phase_feature_names())
    made = to_onnx(
        model,
        initial_types=[("features", FloatTensorType([None, n_features]))],
        options={"zipmap": False},
        target_opset={"": 17, "ai.onnx.ml": 3},
    )
    path.write_bytes(made.SerializeToString())


@dataclass(frozen=True)
class FittedPhaseTrees:
    model: "VotingClassifier"

    def logits(self, corpus: Corpus, indices: NDArray[np.intp]) -> NDArray[np.float64]:
        return logits_of_corpus(corpus, indices, "features", lambda rows: predict_logit(self.model, rows))

    def logits_of_sound(self, samples: NDArray[np.float32]) -> float:
        return logit_of_sound(samples, "features", lambda rows: predict_logit(self.model, rows))

    def save(self, directory: Path) -> dict[str, Any]:
        """Write phase_trees.onnx; returns the artefact's entry."""
        export_onnx(self.model, directory / f"{NAME}.onnx")
        return {
            "files": {"onnx": f"{NAME}.onnx"},
            "config": {"output": "probability", "features": phase_feature_names()},
        }


class PhaseTrees:
    name = NAME
    kind = "phase_features"
    settings = {
        "boosted": BOOSTED | {"fits": BOOSTED_FITS},
        "randomised": RANDOMISED,
        "rows": ROW_SETTINGS,
    }

    def fit(
        self,
        corpus: Corpus,
        indices: NDArray[np.intp],
        *,
        seed: int,
        work_dir: Path,
        report: Callable[[str], object],
    ) -> FittedPhaseTrees:
        """Fit on the recordings at `indices` alone."""
        rows = training_rows(corpus, indices, beat_views(corpus, report))
        return FittedPhaseTrees(fit(rows, seed))


def create(preset: Preset) -> PhaseTrees:
    """The member, untrained; it takes nothing from the preset."""
    return PhaseTrees()
