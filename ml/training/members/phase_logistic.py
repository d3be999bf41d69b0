"""Logistic regression on phase features: the ensemble's plainest member, and the steadiest on an unseen device."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data.corpus import Corpus
from ml.dsp.phase_features import phase_feature_names
from ml.training.config import Preset
from ml.training.members.beats import beat_views
from ml.training.members.phase_rows import ROW_SETTINGS, Rows, logit_of_sound, logits_of_corpus, training_rows

NAME = "phase_logistic"
INVERSE_REGULARISATION = (
    0.002  # strong: chosen on leave-one-database-out, where weaker ones fell (docs/experiments.md)
)
LIMIT = 3.0  # standard deviations: an outlier must not decide
_SMALLEST_SPREAD = 1e-3


@dataclass(frozen=True)
class LinearModel:
    """logit = clip((features - mean) / spread, -LIMIT, LIMIT) @ coefficients + intercept."""

    mean: NDArray[np.float32]
    spread: NDArray[np.float32]
    coefficients: NDArray[np.float32]
    intercept: float

    def __call__(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        scaled = np.clip((features - self.mean) / self.spread, -LIMIT, LIMIT)
        return scaled.astype(np.float64) @ self.coefficients.astype(np.float64) + self.intercept


def fit(rows: Rows, seed: int) -> LinearModel:
    """The model of weighted rows; it has no randomness, `seed` is taken for the members' sake."""
    from sklearn.linear_model import LogisticRegression

    mean = np.average(rows.features, axis=0, weights=rows.weights)
    spread = np.sqrt(np.average((rows.features - mean) ** 2, axis=0, weights=rows.weights)) + _SMALLEST_SPREAD
    scaled = np.clip((rows.features - mean) / spread, -LIMIT, LIMIT)
    model = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=500, random_state=seed)
    model.fit(scaled, rows.labels, sample_weight=rows.weights)
    return LinearModel(
        mean.astype(np.float32),
        spread.astype(np.float32),
        model.coef_[0].astype(np.float32),
        float(model.intercept_[0]),
    )


def export_onnx(model: LinearModel, path: Path) -> None:
    """Write the model as (n, n_features) float32 -> (n, 1) logits."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    constants = {
        "mean": model.mean,
        "spread": model.spread,
        "low": np.float32(-LIMIT),
        "high": np.float32(LIMIT),
        "coefficients": model.coefficients[:, None],
        "intercept": np.array([model.intercept], np.float32),
    }
    nodes = [
        helper.make_node("Sub", ["features", "mean"], ["centred"]),
        helper.make_node("Div", ["centred", "spread"], ["scaled"]),
        helper.make_node("Clip", ["scaled", "low", "high"], ["clipped"]),
        helper.make_node("MatMul", ["clipped", "coefficients"], ["weighted"]),
        helper.make_node("Add", ["weighted", "intercept"], ["logit"]),
    ]
    graph = helper.make_graph(
        nodes,
        NAME,
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, model.mean.size])],
        [helper.make_tensor_value_info("logit", TensorProto.FLOAT, [None, 1])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(made)
    onnx.save(made, path)


@dataclass(frozen=True)
class FittedPhaseLogistic:
    model: LinearModel

    def logits(self, corpus: Corpus, indices: NDArray[np.intp]) -> NDArray[np.float64]:
        return logits_of_corpus(corpus, indices, "features", self.model)

    def logits_of_sound(self, samples: NDArray[np.float32]) -> float:
        return logit_of_sound(samples, "features", self.model)

    def save(self, directory: Path) -> dict[str, Any]:
        """Write phase_logistic.onnx; returns the artefact's entry."""
        export_onnx(self.model, directory / f"{NAME}.onnx")
        return {
            "files": {"onnx": f"{NAME}.onnx"},
            "config": {"output": "logit", "features": phase_feature_names()},
        }


class PhaseLogistic:
    name = NAME
    kind = "phase_features"
    settings = {"inverse_regularisation": INVERSE_REGULARISATION, "limit": LIMIT, "rows": ROW_SETTINGS}

    def fit(
        self,
        corpus: Corpus,
        indices: NDArray[np.intp],
        *,
        seed: int,
        work_dir: Path,
        report: Callable[[str], object],
    ) -> FittedPhaseLogistic:
        """Fit on the recordings at `indices` alone."""
        return FittedPhaseLogistic(fit(training_rows(corpus, indices, beat_views(corpus, report)), seed))


def create(preset: Preset) -> PhaseLogistic:
    """The member, untrained; it takes nothing from the preset."""
    return PhaseLogistic()
