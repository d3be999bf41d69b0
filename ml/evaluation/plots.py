"""The figures' pictures: ROC, reliability, risk-coverage, per-database AUC, confusion; SVG, reproducible bytes."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ml.evaluation.metrics import roc
from ml.evaluation.predictions import Predictions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIZE_INCHES = (4.2, 3.4)
_INK = "#1f2933"
_BLUE = "#1d5fa8"
_GREY = "#9aa5b1"


def write_plots(directory: Path, evaluation: dict[str, Any], predictions: Predictions) -> list[Path]:
    """Draw every plot of held-out `evaluation` figures and `predictions` into `directory`; returns the files."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    directory.mkdir(parents=True, exist_ok=True)
    table = evaluation["out_of_fold"]
    balanced = table["operating_points"]["balanced"]
    drawings = {
        "roc": lambda axes: _draw_roc(axes, predictions),
        "reliability": lambda axes: _draw_reliability(axes, balanced["reliability"]),
        "risk-coverage": lambda axes: _draw_risk(axes, balanced["risk_coverage"]),
        "auc-by-database": lambda axes: _draw_databases(axes, table["ranking"]),
        "confusion": lambda axes: _draw_confusion(axes, balanced["confusion"]),
    }
    paths = []
    with mpl.rc_context(
        {"svg.hashsalt": "heartsite", "svg.fonttype": "none", "font.size": 9, "axes.edgecolor": _INK}
    ):
        for name, draw in drawings.items():
            figure, axes = plt.subplots(figsize=_SIZE_INCHES, layout="constrained")
            draw(axes)
            path = directory / f"{name}.svg"
            figure.savefig(path, metadata={"Date": None})
            plt.close(figure)
            paths.append(path)
    return paths


def _draw_roc(axes: "Axes", predictions: Predictions) -> None:
    for database in np.unique(predictions.databases):
        own = predictions.take(predictions.databases == database)
        axes.plot(*roc(own.labels, own.scores), linewidth=1, label=f"database {database}")
    axes.plot(*roc(predictions.labels, predictions.scores), color=_INK, linewidth=2, label="all")
    axes.plot([0, 1], [0, 1], color=_GREY, linestyle=":")
    axes.set(xlabel="1 - specificity", ylabel="sensitivity", title="Held-out subjects")
    axes.legend(frameon=False, fontsize=7)


def _draw_reliability(axes: "Axes", bins: list[dict[str, float]]) -> None:
    axes.plot([0, 1], [0, 1], color=_GREY, linestyle=":")
    sizes = [max(8.0, 0.3 * own["n"]) for own in bins]
    axes.scatter(
        [own["probability"] for own in bins], [own["abnormal"] for own in bins], s=sizes, color=_BLUE
    )
    axes.set(
        xlabel="probability given", ylabel="share abnormal", xlim=(0, 1), ylim=(0, 1), title="Reliability"
    )


def _draw_risk(axes: "Axes", points: list[dict[str, float]]) -> None:
    axes.plot([own["coverage"] for own in points], [own["risk"] for own in points], marker="o", color=_BLUE)
    axes.set(xlabel="share answered", ylabel="share wrong", ylim=(0, None), title="Risk and coverage")


def _draw_databases(axes: "Axes", ranking: dict[str, Any]) -> None:
    names = list(ranking["auc"])
    values = np.array(
        [ranking["auc"][name] if ranking["auc"][name] is not None else np.nan for name in names]
    )
    bounds = np.array(
        [ranking["interval_95"].get(f"auc_{name}", [np.nan, np.nan]) for name in names], dtype=float
    )
    reach = np.abs(bounds.T - values)
    axes.errorbar(names, values, yerr=reach, fmt="o", color=_BLUE, capsize=3)
    axes.axhline(0.5, color=_GREY, linestyle=":")
    axes.set(xlabel="database", ylabel="AUC", ylim=(0.3, 1.02), title="AUC and 95 % interval by subject")


def _draw_confusion(axes: "Axes", confusion: dict[str, dict[str, int]]) -> None:
    truths, calls = list(confusion), list(next(iter(confusion.values())))
    counts = np.array([[confusion[truth][call] for call in calls] for truth in truths])
    axes.imshow(counts / np.maximum(1, counts.sum(axis=1, keepdims=True)), cmap="Blues", vmin=0, vmax=1)
    for row in range(len(truths)):
        for column in range(len(calls)):
            axes.text(column, row, str(counts[row, column]), ha="center", va="center")
    axes.set_xticks(range(len(calls)), calls)
    axes.set_yticks(range(len(truths)), truths)
    axes.set(xlabel="called", ylabel="label", title="Three-way calls")
