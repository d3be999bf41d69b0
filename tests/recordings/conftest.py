"""A journal and a storage of its own for each test, and hypothesis without a stopwatch."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from hypothesis import HealthCheck, settings

from recordings.spool import get_spool, reset_spool

settings.register_profile(
    "heartsite", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("heartsite")


@pytest.fixture
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture
def spool(settings, tmp_path, media):
    """The process's journal, in a directory of this test."""
    reset_spool()
    settings.SPOOL_DIR = tmp_path / "spool"
    yield get_spool()
    reset_spool()


@pytest.fixture
def no_wrong_codes():
    """Wrong codes are counted in the cache: each test starts with none."""
    cache.clear()
