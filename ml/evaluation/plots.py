"""The figures' pictures: ROC, reliability, risk and coverage, AUC and calls per database, confusion, stress."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ml.evaluation.metrics import auc, roc
from ml.evaluation.plot_style import BLUE, DATABASES, GREY, GRID, INK, MUTED, ORANGE, draw
from ml.evaluation.predictions import Predictions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Section = Mapping[str, Any]
_SQUARE, _WIDE = (4.4, 3.9), (6.4, 3.4)
_SERIES = (
    ("subjects held out", BLUE, "o"),
    ("database held out", ORANGE, "D"),
    ("opsfusion, database held out", GREY, "s"),
)


def write_plots(
    directory: Path, figures: Section, predictions: Predictions | None, baseline: Section
) -> dict[str, Path]:
    """Draw what the stored sections allow into `directory`; returns the files by name."""
    directory.mkdir(parents=True, exist_ok=True)
    drawings: dict[str, tuple[tuple[float, float], Callable[[Axes], None]]] = {}
    folds, lodo = figures.get("folds"), figures.get("lodo")
    if folds:
        tables = {"subjects held out": folds} | ({"database held out": lodo} if lodo else {})
        points = {name: table["operating_points"]["balanced"] for name, table in tables.items()}
        drawings["reliability"] = (_SQUARE, lambda axes: _draw_reliability(axes, points))
        drawings["risk-coverage"] = (_SQUARE, lambda axes: _draw_risk(axes, points))
        drawings["confusion"] = (_SQUARE, lambda axes: _draw_confusion(axes, points["subjects held out"]))
        rankings = [folds["ranking"], lodo and lodo["ranking"], (baseline.get("lodo") or {}).get("ranking")]
        drawings["auc-by-database"] = (_WIDE, lambda axes: _draw_databases(axes, rankings))
        drawings["calls-by-database"] = (_WIDE, lambda axes: _draw_calls(axes, points))
    if predictions is not None:
        drawings["roc"] = (_SQUARE, lambda axes: _draw_roc(axes, predictions))
    if "stress" in figures:
        drawings["stress"] = ((6.4, 4.2), lambda axes: _draw_stress(axes, figures["stress"]["rows"]))
    return {
        name: draw(directory / f"{name}.svg", size_inches, paint)
        for name, (size_inches, paint) in drawings.items()
    }


def _draw_roc(axes: "Axes", predictions: Predictions) -> None:
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1)
    for database in np.unique(predictions.databases):
        own = predictions.take(predictions.databases == database)
        area = auc(own.labels, own.scores)
        axes.plot(
            *roc(own.labels, own.scores),
            color=DATABASES.get(str(database), MUTED),
            label=f"{database}  {area:.2f}",
        )
    area = auc(predictions.labels, predictions.scores)
    axes.plot(
        *roc(predictions.labels, predictions.scores), color=INK, linewidth=2.2, label=f"all  {area:.2f}"
    )
    axes.set(
        xlabel="normal called abnormal (1 - specificity)",
        ylabel="abnormal found (sensitivity)",
        title="Subjects held out: ROC and AUC",
        aspect="equal",
    )
    axes.legend(loc="lower right")


def _draw_reliability(axes: "Axes", points: Mapping[str, Section]) -> None:
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1)
    for (name, point), (_, colour, marker) in zip(points.items(), _SERIES, strict=False):
        bins = point["reliability"]
        most = max(own["n"] for own in bins)
        axes.plot(
            [own["probability"] for own in bins],
            [own["abnormal"] for own in bins],
            color=colour,
            linewidth=0.8,
            alpha=0.6,
        )
        axes.scatter(
            [own["probability"] for own in bins],
            [own["abnormal"] for own in bins],
            s=[10 + 110 * np.sqrt(own["n"] / most) for own in bins],
            color=colour,
            marker=marker,
            alpha=0.75,
            linewidths=0,
            label=name,
        )
    axes.set(
        xlabel="probability given",
        ylabel="share that is abnormal",
        xlim=(-0.02, 1.02),
        ylim=(-0.03, 1.03),
        title="Is the probability to be believed?",
        aspect="equal",
    )
    axes.legend(loc="upper left", markerscale=0.5)


def _draw_risk(axes: "Axes", points: Mapping[str, Section]) -> None:
    for (name, point), (_, colour, marker) in zip(points.items(), _SERIES, strict=False):
        curve = point["risk_coverage"]
        axes.plot(
            [own["coverage"] for own in curve],
            [own["risk"] for own in curve],
            marker=marker,
            markersize=4.5,
            color=colour,
            label=name,
        )
    axes.set(
        xlabel="share answered, the surest first",
        ylabel="share of those wrong",
        ylim=(0, None),
        title="What saying unsure buys",
    )
    axes.xaxis.set_major_formatter(_percent)
    axes.yaxis.set_major_formatter(_percent)
    axes.legend()


def _draw_databases(axes: "Axes", rankings: Sequence[Section | None]) -> None:
    shown = [(own, series) for own, series in zip(rankings, _SERIES, strict=True) if own]
    names = sorted(shown[0][0]["auc"])
    for place, (ranking, (title, colour, marker)) in enumerate(shown):
        at = np.arange(len(names)) + 0.22 * (place - (len(shown) - 1) / 2)
        values = np.array([_or_nan(ranking["auc"].get(name)) for name in names])
        bounds = [ranking["interval_95"].get(f"auc_{name}") or [np.nan] * 2 for name in names]
        axes.errorbar(
            at,
            values,
            yerr=np.abs(np.array(bounds, dtype=float).T - values),
            fmt=marker,
            markersize=5,
            color=colour,
            ecolor=colour,
            elinewidth=1.2,
            capsize=0,
            label=title,
        )
    axes.axhline(0.5, color=GREY, linestyle=":", linewidth=1)
    axes.set_xticks(range(len(names)), names)
    axes.tick_params(axis="x", length=0)
    axes.grid(visible=False, axis="x")
    axes.set(xlabel="database", ylabel="AUC", title="AUC per database, 95 % by subject")
    axes.set_ylim(min(0.3, axes.get_ylim()[0]), 1.02)
    _legend_below(axes, len(shown))


def _draw_calls(axes: "Axes", points: Mapping[str, Section]) -> None:
    """Sensitivity and specificity of a database as the two ends of a line: long lines lean to one side."""
    names = [name for name in next(iter(points.values()))["groups"] if len(name) == 1]
    for place, ((title, point), (_, colour, _)) in enumerate(zip(points.items(), _SERIES, strict=False)):
        at = np.arange(len(names)) + 0.26 * (place - (len(points) - 1) / 2)
        forced = [point["groups"][name]["forced"] for name in names]
        se = np.array([_or_nan(own["se"]) for own in forced])
        sp = np.array([_or_nan(own["sp"]) for own in forced])
        axes.vlines(at, np.fmin(se, sp), np.fmax(se, sp), color=colour, linewidth=1.2, alpha=0.5)
        axes.scatter(at, se, color=colour, marker="^", s=30, label=f"sensitivity, {title}")
        axes.scatter(at, sp, color=colour, marker="v", s=30, label=f"specificity, {title}")
    axes.set_xticks(range(len(names)), names)
    axes.tick_params(axis="x", length=0)
    axes.grid(visible=False, axis="x")
    axes.set(
        xlabel="database",
        ylabel="share",
        ylim=(-0.03, 1.03),
        title="Forced calls at the threshold chosen elsewhere",
    )
    axes.yaxis.set_major_formatter(_percent)
    _legend_below(axes, 2)


def _draw_confusion(axes: "Axes", point: Section) -> None:
    from matplotlib.patches import Rectangle

    confusion = point["confusion"]
    truths, calls = ("normal", "abnormal"), ("normal", "unsure", "abnormal")
    for row, truth in enumerate(truths):
        total = max(1, sum(confusion[truth].values()))
        for column, call in enumerate(calls):
            count = confusion[truth][call]
            share = count / total
            axes.add_patch(
                Rectangle((column - 0.48, row - 0.48), 0.96, 0.96, color=BLUE, alpha=0.08 + 0.6 * share, lw=0)
            )
            axes.text(column, row - 0.08, f"{share:.0%}", ha="center", va="center", color=INK, fontsize=15)
            axes.text(column, row + 0.24, f"{count:,}", ha="center", va="center", color=INK, fontsize=9)
    axes.grid(visible=False)
    axes.set_xticks(range(3), [f"called {call}" for call in calls])
    axes.set_yticks(range(2), [f"labelled {truth}" for truth in truths], rotation=90, va="center")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set(
        xlim=(-0.55, 2.55),
        ylim=(1.55, -0.55),
        title="Subjects held out: three-way calls",
    )


def _draw_stress(axes: "Axes", rows: Mapping[str, Section]) -> None:
    names = list(rows)
    at = np.arange(len(names))
    values = np.array([_or_nan(rows[name]["macro_auc_abdf"]) for name in names])
    bounds = [rows[name].get("interval_95", {}).get("macro_abdf") or [np.nan] * 2 for name in names]
    axes.axvline(values[0], color=GREY, linestyle=":", linewidth=1)
    axes.hlines(at, *np.array(bounds, dtype=float).T, color=BLUE, linewidth=1.2, alpha=0.6)
    axes.scatter(values, at, color=BLUE, s=30, zorder=3, label="macro AUC a, b, d, f, 95 % by subject")
    macc = np.array([_or_nan(rows[name]["macc"]) for name in names])
    axes.scatter(macc, at, color=ORANGE, marker="D", s=22, zorder=3, label="MAcc, forced, all")
    axes.axvline(0.5, color=GRID, linewidth=1)
    axes.set_yticks(at, names)
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set(title="The same recordings, changed")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.07), ncols=2)


def _legend_below(axes: "Axes", columns: int) -> None:
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=columns)


def _percent(value: float, _: float) -> str:
    return f"{value:.0%}"


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value
