"""A support vector machine with a Gaussian kernel on many alike columns: fitted, small on disk, exported to ONNX.

Every column becomes its rank among the training rows, on the scale of normal deviates, so that no outlier and no unit
decides; the principal components of the ranks then leave out what single columns say of noise. Far from every row it
learnt from the machine falls back to its intercept: on a recorder that it never met it has little to say, where trees
and networks go on as if they knew it (docs/experiments.md).
"""

from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

PENALTY = 10.0  # C: how much a row on the wrong side costs
KERNEL_WIDTH = 0.3  # gamma, times the rows' total variance
N_COMPONENTS = 150
RANKS = np.linspace(0.005, 0.995, 21)  # where the distribution of a column is kept
_SMALLEST_STEP = 1e-3  # between two knots: a column that repeats one value is a step there
_EIGHT_BITS = 127
SETTINGS = {
    "penalty": PENALTY,
    "kernel_width": KERNEL_WIDTH,
    "components": N_COMPONENTS,
    "ranks": RANKS.tolist(),
}

Rows = NDArray[np.float32]


@dataclass(frozen=True)
class SupportVectors:
    """margin = sum_k coefficients[k] exp(-gamma |u - step vectors[k]|^2) + intercept, u = deviates(row) @ components.

    knots : float32 (n_ranks, n_columns), the columns' quantiles at RANKS. components : float16 (n_columns,
    n_components). vectors : int8 (n_vectors, n_components), in units of `step`. coefficients : (n_vectors,).
    """

    knots: NDArray[np.float32]
    components: NDArray[np.float16]
    vectors: NDArray[np.int8]
    step: float
    coefficients: NDArray[np.float64]
    intercept: float
    gamma: float

    def __call__(self, rows: Rows) -> NDArray[np.float64]:
        """The margin of each of `rows` (n, n_columns), shape (n,): positive for abnormal, in no unit of probability."""
        # Large coefficients of both signs nearly cancel: in 32 bits the third digit of a margin would be chance.
        u = (_deviates(rows, self.knots) @ self.components.astype(np.float32)).astype(np.float64)
        v = self.vectors.astype(np.float64) * self.step
        distance = (u**2).sum(axis=1, keepdims=True) + (v**2).sum(axis=1) - 2 * u @ v.T
        return np.exp(-self.gamma * np.maximum(distance, 0)) @ self.coefficients + self.intercept


def fit(rows: Rows, labels: NDArray[np.int_], weights: NDArray[np.float64], seed: int) -> SupportVectors:
    """The machine of `rows` (n, n_columns) with `labels` (n,), 1 abnormal, and `weights` (n,) of mean 1.

    Components and rows are rounded before the fit, so that what is stored is what was fitted.
    """
    from sklearn.decomposition import PCA
    from sklearn.svm import SVC

    knots = np.quantile(rows, RANKS, axis=0).astype(np.float32)
    deviates = _deviates(rows, knots)
    found = PCA(min(N_COMPONENTS, *rows.shape), svd_solver="randomized", random_state=seed).fit(deviates)
    components = found.components_.T.astype(np.float16)
    projected = deviates @ components.astype(np.float32)
    step = float(np.abs(projected).max()) / _EIGHT_BITS
    rounded = np.round(projected / np.float32(step)).astype(np.int8)
    gamma = KERNEL_WIDTH / float(projected.var(axis=0).sum())
    machine = SVC(C=PENALTY, gamma=gamma)
    machine.fit(rounded * step, labels, sample_weight=weights)
    return SupportVectors(
        knots,
        components,
        rounded[machine.support_],
        step,
        machine.dual_coef_[0],
        float(machine.intercept_[0]),
        gamma,
    )


def _deviates(rows: Rows, knots: NDArray[np.float32]) -> Rows:
    """Each value's normal deviate by its rank among the knots, straight lines between them; float32 like `rows`."""
    normal = _normal_deviates()
    out = np.full(rows.shape, normal[0], np.float32)
    for low, width, rise in zip(knots, _widths(knots), np.diff(normal), strict=False):
        out += np.clip((rows - low) / width, 0, 1) * rise
    return out


def _normal_deviates() -> NDArray[np.float32]:
    return np.array([NormalDist().inv_cdf(rank) for rank in RANKS], np.float32)


def _widths(knots: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.maximum(np.diff(knots, axis=0), np.float32(_SMALLEST_STEP))


def export_onnx(
    machine: SupportVectors, path: Path, *, name: str, shape: tuple[int, ...], channels: tuple[int, ...]
) -> None:
    """Write the machine as pictures float32 (n, *shape) -> (n, 1) margins.

    Its columns are `channels` of the pictures' last axis, in the order of `pictures[..., channels].reshape(n, -1)`.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    constants = {
        "channels": np.array(channels, np.int64),
        "one_row": np.array([0, 1, machine.knots.shape[1]], np.int64),
        "knots": machine.knots,
        "all_but_last": np.arange(len(RANKS) - 1),
        "all_but_first": np.arange(1, len(RANKS)),
        "smallest_step": np.float32(_SMALLEST_STEP),
        "zero": np.float32(0),
        "one": np.float32(1),
        "rises": np.diff(_normal_deviates())[None, None],
        "lowest": _normal_deviates()[0],
        "components": machine.components,
        "flat": np.array([0, machine.components.shape[1]], np.int64),
        "vectors": machine.vectors,
        "step": np.float64(machine.step),
        "nothing": np.float64(0),
        "minus_two": np.float64(-2),
        "minus_gamma": np.float64(-machine.gamma),
        "coefficients": machine.coefficients[:, None],
        "intercept": np.float64(machine.intercept),
    }
    node = helper.make_node
    nodes = [
        node("Gather", ["pictures", "channels"], ["chosen"], axis=len(shape)),
        node("Reshape", ["chosen", "one_row"], ["rows"]),
        node("Gather", ["knots", "all_but_last"], ["lows"], axis=0),
        node("Gather", ["knots", "all_but_first"], ["highs"], axis=0),
        node("Sub", ["highs", "lows"], ["steps"]),
        node("Max", ["steps", "smallest_step"], ["widths"]),
        node("Sub", ["rows", "lows"], ["above"]),
        node("Div", ["above", "widths"], ["part"]),
        node("Clip", ["part", "zero", "one"], ["passed"]),
        node("MatMul", ["rises", "passed"], ["risen"]),
        node("Add", ["risen", "lowest"], ["deviates"]),
        node("Cast", ["components"], ["wide_components"], to=TensorProto.FLOAT),
        node("MatMul", ["deviates", "wide_components"], ["projected"]),
        node("Reshape", ["projected", "flat"], ["narrow_u"]),
        node("Cast", ["narrow_u"], ["u"], to=TensorProto.DOUBLE),
        node("Cast", ["vectors"], ["wide_vectors"], to=TensorProto.DOUBLE),
        node("Mul", ["wide_vectors", "step"], ["v"]),
        node("Transpose", ["v"], ["across"], perm=[1, 0]),
        node("ReduceSumSquare", ["u"], ["u_squared"], axes=[1], keepdims=1),
        node("ReduceSumSquare", ["v"], ["v_squared"], axes=[1], keepdims=0),
        node("MatMul", ["u", "across"], ["product"]),
        node("Mul", ["product", "minus_two"], ["twice"]),
        node("Add", ["u_squared", "v_squared"], ["lengths"]),
        node("Add", ["lengths", "twice"], ["distance"]),
        node("Max", ["distance", "nothing"], ["no_less"]),
        node("Mul", ["no_less", "minus_gamma"], ["exponent"]),
        node("Exp", ["exponent"], ["kernel"]),
        node("MatMul", ["kernel", "coefficients"], ["weighted"]),
        node("Add", ["weighted", "intercept"], ["margin"]),
        node("Cast", ["margin"], ["logit"], to=TensorProto.FLOAT),
    ]
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("pictures", TensorProto.FLOAT, [None, *shape])],
        [helper.make_tensor_value_info("logit", TensorProto.FLOAT, [None, 1])],
        [numpy_helper.from_array(np.asarray(value), key) for key, value in constants.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(made)
    onnx.save(made, path)
