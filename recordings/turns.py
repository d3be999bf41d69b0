"""Two requests about the same recording take turns within this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

_busy: set[UUID] = set()
_changed = threading.Condition()


@contextmanager
def one_at_a_time(recording_id: UUID) -> Iterator[None]:
    """Waits until nobody else in this process is filing `recording_id`."""
    with _changed:
        _changed.wait_for(lambda: recording_id not in _busy)
        _busy.add(recording_id)
    try:
        yield
    finally:
        with _changed:
            _busy.discard(recording_id)
            _changed.notify_all()
