"""One line of the report, and how a check becomes one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from accounts.errors import HeartSiteError
from heartsite.health.probes import Unhealthy
from ml.errors import SignalError
from ml.inference.errors import InferenceError


class State(Enum):
    OK = "ok"
    FAILED = "FAILED"
    NOT_HERE = "-"


@dataclass(frozen=True)
class Row:
    name: str
    state: State
    detail: str


class NotHere(Exception):  # noqa: N818  (nothing is wrong: this machine has no such thing)
    """The sentence says what this machine has not got, and that it is no fault."""


def run(checks: Iterable[tuple[str, Callable[[], str]]]) -> list[Row]:
    """Each check returns a short finding, or raises with a sentence that says what to do."""
    rows = []
    for name, check in checks:
        try:
            rows.append(Row(name, State.OK, check()))
        except NotHere as absence:
            rows.append(Row(name, State.NOT_HERE, str(absence)))
        except Unhealthy as finding:
            rows.append(Row(name, State.FAILED, str(finding)))
        except (HeartSiteError, SignalError, InferenceError) as error:
            rows.append(Row(name, State.FAILED, f"{error.message} ({error.code})"))
    return rows


def table(rows: list[Row]) -> str:
    width = max(len(row.name) for row in rows)
    state_width = max(len(row.state.value) for row in rows)
    return "\n".join(f"{row.name:<{width}}  {row.state.value:<{state_width}}  {row.detail}" for row in rows)
