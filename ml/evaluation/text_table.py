"""Figures as words: one way to write a number, an interval and a table, for the terminal and for Markdown."""

import math
from collections.abc import Sequence

NOTHING = "-"
Row = tuple[str, ...]


def number(value: float | None, digits: int = 3) -> str:
    """A figure, or a dash where it is undefined."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return NOTHING
    return str(value) if isinstance(value, int) else f"{value:.{digits}f}"


def signed(value: float | None, digits: int = 3) -> str:
    """A difference with its sign."""
    text = number(value, digits)
    return text if text == NOTHING or text.startswith("-") else f"+{text}"


def interval(bounds: Sequence[float] | None, digits: int = 3) -> str:
    """Low to high, or a dash."""
    return f"{bounds[0]:.{digits}f} to {bounds[1]:.{digits}f}" if bounds else NOTHING


def aligned(header: Row, rows: Sequence[Row], *, indent: str = "  ") -> list[str]:
    """Lines of a table for a terminal: the first column to the left, the others to the right."""
    widths = [max(len(row[place]) for row in (header, *rows)) for place in range(len(header))]
    lines = [
        indent
        + "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (header, *rows)
    ]
    rule = indent + "  ".join("─" * width for width in widths)
    return [lines[0], rule, *lines[1:]]


def markdown(header: Row, rows: Sequence[Row]) -> list[str]:
    """Lines of a Markdown table, numbers to the right."""
    marks = ["---", *["---:"] * (len(header) - 1)]
    return ["| " + " | ".join(row) + " |" for row in (header, marks, *rows)]
