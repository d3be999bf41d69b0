"""The transaction that waits for the disk."""

from __future__ import annotations

import pytest
from django.db import connection

from recordings.durability import durable_transaction

FULL, NORMAL = 2, 1


def synchronous() -> int:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous")
        return cursor.fetchone()[0]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="a setting of SQLite")
@pytest.mark.django_db(transaction=True)
def test_it_is_full_within_and_normal_after():
    with durable_transaction():
        assert synchronous() == FULL
    assert synchronous() == NORMAL


@pytest.mark.django_db
def test_within_another_transaction_it_is_part_of_it():
    with durable_transaction():
        assert connection.in_atomic_block
