"""A candidate that ran in the shadow, beside the model whose results were shown: where they agree, and by how much not.

Arithmetic and geometry only; `analysis.selectors.comparison` reads the rows.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.models import Analysis

LABELS = tuple(Analysis.Label.values)
# Below this many recordings a share says little; the page says so.
FEW = 30
BIN_WIDTH = 0.05
PLOT_WIDTH, PLOT_HEIGHT = 320.0, 120.0


@dataclass(frozen=True)
class Said:
    """One finished reading of one recording."""

    label: str
    probability: float
    elapsed_ms: float | None
    operating_point: str

    @property
    def title(self) -> str:
        return Analysis.Label(self.label).label


@dataclass(frozen=True)
class Pair:
    """The same recording, read by both."""

    recording_id: uuid.UUID
    current: Said
    candidate: Said

    @property
    def difference(self) -> float:
        """How much higher the candidate's probability is."""
        return self.candidate.probability - self.current.probability

    @property
    def agree(self) -> bool:
        return self.current.label == self.candidate.label


@dataclass(frozen=True)
class Cell:
    """How many recordings the current model called one thing and the candidate another."""

    count: int
    share: float
    is_agreement: bool


@dataclass(frozen=True)
class Bar:
    """One bin of the differences, in the units of the plot."""

    x: float
    y: float
    width: float
    height: float
    low: float
    count: int


@dataclass(frozen=True)
class Histogram:
    """Differences in p from `-reach` to `reach`; ticks as (x, text)."""

    bars: tuple[Bar, ...]
    ticks: tuple[tuple[float, str], ...]
    most: int
    zero_x: float = PLOT_WIDTH / 2


@dataclass(frozen=True)
class Comparison:
    """What the pairs say. `rows` is the 3 x 3 table: a row for each label of the current model."""

    n: int
    n_agree: int
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    histogram: Histogram | None
    mean_difference: float | None
    mean_distance: float | None
    current_ms: float | None
    candidate_ms: float | None
    n_other_points: int

    @property
    def agreement(self) -> float | None:
        """The share of recordings with the same label."""
        return self.n_agree / self.n if self.n else None

    @property
    def is_small(self) -> bool:
        return self.n < FEW


def compare(pairs: Sequence[Pair]) -> Comparison:
    """Agreement of labels, differences of p (candidate less current) and mean times; empty of pairs all are None."""
    n = len(pairs)
    differences = [pair.difference for pair in pairs]
    counts = {(first, second): 0 for first in LABELS for second in LABELS}
    for pair in pairs:
        counts[pair.current.label, pair.candidate.label] += 1
    return Comparison(
        n=n,
        n_agree=sum(pair.agree for pair in pairs),
        rows=tuple(
            (
                Analysis.Label(first).label,
                tuple(
                    Cell(counts[first, second], counts[first, second] / n if n else 0.0, first == second)
                    for second in LABELS
                ),
            )
            for first in LABELS
        ),
        histogram=histogram(differences) if n else None,
        mean_difference=_mean(differences),
        mean_distance=_mean([abs(value) for value in differences]),
        current_ms=_mean([p.current.elapsed_ms for p in pairs if p.current.elapsed_ms is not None]),
        candidate_ms=_mean([p.candidate.elapsed_ms for p in pairs if p.candidate.elapsed_ms is not None]),
        n_other_points=sum(p.current.operating_point != p.candidate.operating_point for p in pairs),
    )


def histogram(differences: Sequence[float]) -> Histogram:
    """Bins of BIN_WIDTH, as far out as the largest difference and at least 0.2, the same on both sides of zero."""
    # An even number of bins on each side, so that the ticks half way stand between two of them.
    reach = max(4, 2 * math.ceil(max(abs(value) for value in differences) / BIN_WIDTH / 2 - 1e-9))
    counts = [0] * (2 * reach)
    for value in differences:
        counts[min(max(math.floor(value / BIN_WIDTH + 1e-9) + reach, 0), 2 * reach - 1)] += 1
    most, width = max(counts), PLOT_WIDTH / (2 * reach)
    bars = tuple(
        Bar(
            x=round(place * width + 0.5, 2),
            y=round(PLOT_HEIGHT * (1 - count / most), 2),
            width=round(width - 1, 2),
            height=round(PLOT_HEIGHT * count / most, 2),
            low=round((place - reach) * BIN_WIDTH, 2),
            count=count,
        )
        for place, count in enumerate(counts)
        if count
    )
    edge = reach * BIN_WIDTH
    ticks = tuple(
        (
            round(PLOT_WIDTH / 2 * (1 + share), 1),
            f"{share * edge:+.2f}".replace("-", "\u2212") if share else "0",
        )
        for share in (-1, -0.5, 0, 0.5, 1)
    )
    return Histogram(bars, ticks, most)


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
