"""Who wants to know that a recording is stored. Others register here, so that `recordings` need not know them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recordings.models import Recording

_listeners: list[Callable[[Recording], object]] = []


def on_stored(callback: Callable[[Recording], object]) -> None:
    _listeners.append(callback)


def stored(recording: Recording) -> None:
    """Tell every listener. Called after the commit that stored the recording."""
    for callback in _listeners:
        callback(recording)
