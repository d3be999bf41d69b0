from datetime import UTC, datetime

import pytest

from ml.training import metadata
from ml.training.metadata import version_name
from tests.ml.evaluation.tiny import TinyCorpus

MADE = datetime(2026, 11, 23, 7, tzinfo=UTC)
CORPUS = TinyCorpus()
BEFORE = {"corpus": CORPUS, "settings": {"networks": 3}, "seed": 0}


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"settings": {"networks": 2}},
        {"corpus": TinyCorpus(per_database=12)},
    ],
    ids=["seed", "settings", "recordings"],
)
def test_two_releases_of_one_day_have_two_names(change):
    name = version_name(MADE, **BEFORE)
    assert name.startswith("2026.11.23+")
    assert version_name(MADE, **BEFORE) == name
    assert version_name(MADE, **(BEFORE | change)) != name


def test_another_code_makes_another_name(monkeypatch):
    before = version_name(MADE, **BEFORE)
    monkeypatch.setattr(metadata, "code_version", lambda: "another")
    assert version_name(MADE, **BEFORE) != before
