"""Fixtures that every part shares: a clinic, its people, and a stranger from another."""

from __future__ import annotations

from pathlib import Path

import pytest

from accounts.models import Role
from tests import factories

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "physionet2016"


@pytest.fixture
def clinic(db):
    return factories.make_clinic(name="Harbour Clinic")


@pytest.fixture
def clinician(clinic):
    return factories.make_user(clinic, Role.CLINICIAN, full_name="Ana Ruiz")


@pytest.fixture
def reviewer(clinic):
    return factories.make_user(clinic, Role.REVIEWER, full_name="Boris Lind")


@pytest.fixture
def administrator(clinic):
    return factories.make_user(clinic, Role.ADMIN, full_name="Chidi Okafor")


@pytest.fixture
def stranger(db):
    return factories.make_user(factories.make_clinic(name="Other Clinic"), Role.ADMIN)


@pytest.fixture(scope="session")
def physionet() -> Path:
    """The real recordings, where they are; a loud skip elsewhere."""
    if not DATA.is_dir():
        pytest.skip(f"{DATA} is absent: put the PhysioNet/CinC 2016 recordings there to run this test")
    return DATA
