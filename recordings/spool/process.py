"""The one journal of this process."""

from __future__ import annotations

import threading

from django.conf import settings

from recordings.spool.store import Spool

_guard = threading.Lock()
_spool: Spool | None = None


def get_spool() -> Spool:
    """Open the journal on first use: the disk is read, and what a killed process left is found."""
    global _spool  # noqa: PLW0603
    with _guard:
        if _spool is None:
            _spool = Spool(settings.SPOOL_DIR)
        return _spool


def reset_spool() -> None:
    """Commit and close; the next `get_spool` opens it again. For a clean end of the process."""
    global _spool  # noqa: PLW0603
    with _guard:
        if _spool is not None:
            _spool.close()
            _spool = None
