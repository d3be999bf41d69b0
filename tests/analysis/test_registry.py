from __future__ import annotations

import pytest

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from accounts.models import AuditEvent
from analysis.models import ModelVersion
from analysis.services.registry import (
    adopt_configured_model,
    current_model,
    promote_model,
    register_model,
    roll_back_model,
    shadow_model,
)
from tests.ml.inference.tiny_model import write_tiny_model

SYSTEM = Actor.system()
pytestmark = pytest.mark.django_db


@pytest.fixture
def tiny(tmp_path):
    def make(version: str):
        directory = tmp_path / version
        directory.mkdir()
        write_tiny_model(directory, version=version)
        return directory

    return make


def test_registering_twice_is_one_row_that_follows_the_files(tiny, tmp_path):
    directory = tiny("1")
    first = register_model(directory=directory, by=SYSTEM)
    assert (first.stage, first.version) == (ModelVersion.Stage.CANDIDATE, "1")
    moved = directory.rename(tmp_path / "elsewhere")
    again = register_model(directory=moved, by=SYSTEM)
    assert again.pk == first.pk
    assert again.directory == str(moved.resolve())
    assert AuditEvent.objects.filter(action="model.registered").count() == 1


def test_a_damaged_artefact_is_refused_with_its_reason(tiny):
    directory = tiny("1")
    weights = next(path for path in directory.iterdir() if path.suffix == ".onnx")
    weights.write_bytes(weights.read_bytes() + b"x")
    with pytest.raises(HeartSiteError) as refused:
        register_model(directory=directory, by=SYSTEM)
    assert refused.value.code == "artefact.hash_mismatch"
    assert not ModelVersion.objects.exists()


def test_one_model_is_current_and_the_one_before_comes_back(tiny):
    old = promote_model(version=register_model(directory=tiny("1"), by=SYSTEM), by=SYSTEM)
    new = promote_model(version=register_model(directory=tiny("2"), by=SYSTEM), by=SYSTEM)
    assert current_model() == new
    assert roll_back_model(by=SYSTEM) == old
    assert current_model() == old
    assert ModelVersion.objects.filter(stage=ModelVersion.Stage.CURRENT).count() == 1


def test_there_is_no_way_back_from_the_first(tiny):
    promote_model(version=register_model(directory=tiny("1"), by=SYSTEM), by=SYSTEM)
    with pytest.raises(HeartSiteError) as refused:
        roll_back_model(by=SYSTEM)
    assert refused.value.code == "model.no_previous"


def test_the_current_model_is_no_shadow_of_itself(tiny):
    version = promote_model(version=register_model(directory=tiny("1"), by=SYSTEM), by=SYSTEM)
    with pytest.raises(HeartSiteError):
        shadow_model(version=version, by=SYSTEM)


def test_a_new_release_is_adopted_at_start_and_a_roll_back_stays(tiny, settings):
    settings.MODEL_DIR = tiny("1")
    old = adopt_configured_model()
    settings.MODEL_DIR = tiny("2")
    assert adopt_configured_model().version == "2"
    roll_back_model(by=SYSTEM)
    assert adopt_configured_model() == old
