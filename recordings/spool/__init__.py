"""Durable capture: sound is on disk before it is acknowledged. Only this part touches file-system paths."""

from recordings.spool.errors import SpoolError
from recordings.spool.process import get_spool, reset_spool
from recordings.spool.store import Spool, TakeState

__all__ = ["Spool", "SpoolError", "TakeState", "get_spool", "reset_spool"]
