from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command

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
    stop_shadow,
)
from ml.inference.curve import CurvePoint, OperatingCurve
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


def test_what_the_pages_need_is_kept_and_brought_up_to_date(tiny):
    directory = tiny("1")
    version = register_model(directory=directory, by=SYSTEM)
    assert version.metadata["operating_points"]["screening"] == {"threshold": 0.3, "unsure_band": [0.25, 0.6]}
    assert version.operating_curve is None
    # As an earlier release of this software left it.
    ModelVersion.objects.update(metadata={"assumed_prevalence": 0.3, "session": {}})
    again = register_model(directory=directory, by=SYSTEM)
    assert again.metadata == version.metadata
    assert AuditEvent.objects.filter(action="model.registered").count() == 1


def test_a_curve_is_kept_and_an_impossible_one_refused_with_its_reason(tmp_path):
    curve = OperatingCurve(
        tuple(CurvePoint(t, (t, t), se, sp) for t, se, sp in ((0.3, 0.96, 0.7), (0.5, 0.8, 0.9))), 50, 50
    )
    write_tiny_model(tmp_path, operating_curve=curve)
    assert register_model(directory=tmp_path, by=SYSTEM).operating_curve == curve
    description = json.loads((tmp_path / "artefact.json").read_text())
    description["operating_curve"]["points"][0]["sensitivity"] = 0.1
    (tmp_path / "artefact.json").write_text(json.dumps(description))
    with pytest.raises(HeartSiteError) as refused:
        register_model(directory=tmp_path, by=SYSTEM)
    assert refused.value.code == "artefact.curve"
    assert "sensitivity rises" in refused.value.message
    assert ModelVersion.objects.count() == 1


@pytest.mark.parametrize("deed", [promote_model, shadow_model])
def test_a_model_whose_files_went_is_not_let_at_recordings(tiny, deed):
    current = promote_model(version=register_model(directory=tiny("1"), by=SYSTEM), by=SYSTEM)
    directory = tiny("2")
    other = register_model(directory=directory, by=SYSTEM)
    next(path for path in directory.iterdir() if path.suffix == ".onnx").unlink()
    with pytest.raises(HeartSiteError) as refused:
        deed(version=other, by=SYSTEM)
    assert refused.value.code == "artefact.file_missing"
    assert current_model() == current


def test_a_model_replaced_in_place_is_not_taken_for_the_registered_one(tiny):
    version = register_model(directory=tiny("1"), by=SYSTEM)
    write_tiny_model(Path(version.directory), version="another", seed=7)
    with pytest.raises(HeartSiteError) as refused:
        promote_model(version=version, by=SYSTEM)
    assert refused.value.code == "artefact.replaced"


def test_a_shadow_run_ends_and_the_model_is_what_it_was(tiny):
    old = promote_model(version=register_model(directory=tiny("1"), by=SYSTEM), by=SYSTEM)
    new = register_model(directory=tiny("2"), by=SYSTEM)
    with pytest.raises(HeartSiteError, match=r"model\.no_shadow"):
        stop_shadow(version=new, by=SYSTEM)
    assert stop_shadow(version=shadow_model(version=new, by=SYSTEM), by=SYSTEM).stage == "candidate"
    promote_model(version=new, by=SYSTEM)
    old.refresh_from_db()
    assert stop_shadow(version=shadow_model(version=old, by=SYSTEM), by=SYSTEM).stage == "retired"
    actions = AuditEvent.objects.filter(action__startswith="model.shadow").values_list("action", flat=True)
    assert sorted(actions) == ["model.shadow_ended"] * 2 + ["model.shadowed"] * 2


def test_the_model_before_comes_back_from_the_shadow_too(tiny):
    old = promote_model(version=register_model(directory=tiny("1"), by=SYSTEM), by=SYSTEM)
    promote_model(version=register_model(directory=tiny("2"), by=SYSTEM), by=SYSTEM)
    old.refresh_from_db()
    shadow_model(version=old, by=SYSTEM)
    assert roll_back_model(by=SYSTEM) == old


@pytest.mark.parametrize("deed", [promote_model, shadow_model, stop_shadow])
def test_a_clinics_administrator_chooses_no_model_for_all_clinics(tiny, administrator, deed):
    version = register_model(directory=tiny("1"), by=SYSTEM)
    with pytest.raises(PermissionDenied):
        deed(version=version, by=Actor.of_user(administrator))
    with pytest.raises(PermissionDenied):
        roll_back_model(by=Actor.of_user(administrator))


def test_the_command_registers_promotes_and_shadows(tiny, capsys):
    call_command("register_model", str(tiny("1")), "--promote")
    call_command("register_model", str(tiny("2")), "--shadow")
    assert "tiny 1: current; cannot be adjusted" in capsys.readouterr().out
    assert dict(ModelVersion.objects.values_list("version", "stage")) == {"1": "current", "2": "shadow"}


def test_the_command_says_why_a_directory_is_no_model(tmp_path):
    with pytest.raises(CommandError, match=r"artefact\.missing"):
        call_command("register_model", str(tmp_path))
