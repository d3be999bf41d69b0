"""Where things stand in the plot of an operating curve, in the units of its SVG."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models.clinic import SENSITIVITY_BOUNDS
from analysis.operating_points import Decision
from ml.inference.curve import MIN_SPECIFICITY

WIDTH, HEIGHT = 320.0, 200.0
# What is worth seeing: sensitivity to the right, specificity upwards.
SENSITIVITY_FROM, SPECIFICITY_FROM = 0.7, 0.4
TICKS_X = (0.7, 0.8, 0.9, 1.0)
TICKS_Y = (0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True)
class Mark:
    """One operating point; `shape` is circle, square or diamond, so that colour is not all that tells them apart."""

    name: str
    title: str
    x: float
    y: float
    is_chosen: bool


@dataclass(frozen=True)
class CurvePlot:
    """The curve as a polyline's points, marks, ticks, and the box that a wish may move in."""

    line: str
    marks: tuple[Mark, ...]
    x_ticks: tuple[tuple[float, int], ...]
    y_ticks: tuple[tuple[float, int], ...]
    box_x: float
    box_width: float
    box_height: float


def curve_plot(decision: Decision) -> CurvePlot | None:
    """None without a curve."""
    if decision.curve is None:
        return None
    seen = [
        point
        for point in decision.curve.points
        if point.sensitivity >= SENSITIVITY_FROM and point.specificity >= SPECIFICITY_FROM
    ]
    left, right = (_x(bound) for bound in SENSITIVITY_BOUNDS)
    return CurvePlot(
        line=" ".join(f"{_x(point.sensitivity)},{_y(point.specificity)}" for point in seen),
        # The chosen one last: it stays on top where two points coincide.
        marks=tuple(
            Mark(point.name, point.title, _x(point.sensitivity), _y(point.specificity), point.is_chosen)
            for point in sorted(decision.points, key=lambda point: point.is_chosen)
            if point.sensitivity is not None and point.specificity is not None
        ),
        x_ticks=tuple((_x(value), round(100 * value)) for value in TICKS_X),
        y_ticks=tuple((_y(value), round(100 * value)) for value in TICKS_Y),
        box_x=left,
        box_width=round(right - left, 1),
        box_height=_y(MIN_SPECIFICITY),
    )


def _x(sensitivity: float) -> float:
    return round(WIDTH * (max(sensitivity, SENSITIVITY_FROM) - SENSITIVITY_FROM) / (1 - SENSITIVITY_FROM), 1)


def _y(specificity: float) -> float:
    return round(HEIGHT * (1 - max(specificity, SPECIFICITY_FROM)) / (1 - SPECIFICITY_FROM), 1)
