"""A transaction that survives a power cut, not only the death of the process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def durable_transaction() -> Iterator[None]:
    """Like `transaction.atomic()`, on disk when it ends.

    With SQLite's WAL and `synchronous=NORMAL` a commit may be lost with the power. That is good enough for most
    rows, not for those that let the journal of a recording go.
    """
    raise_durability = connection.vendor == "sqlite" and not connection.in_atomic_block
    if raise_durability:
        _pragma("FULL")
    try:
        with transaction.atomic():
            yield
    finally:
        if raise_durability:
            _pragma("NORMAL")


def _pragma(level: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA synchronous={level}")
