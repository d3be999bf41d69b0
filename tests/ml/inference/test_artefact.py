import dataclasses
import json

import pytest

from ml.dsp.segmentation import PARAMETERS_FILE
from ml.dsp.signal_path import SEGMENTATION_FILE, signal_path
from ml.inference.artefact import (
    DESCRIPTION_FILE,
    Artefact,
    Calibration,
    Member,
    OperatingPoint,
    TrainingData,
    load_artefact,
    write_artefact,
)
from ml.inference.curve import CurvePoint, OperatingCurve
from ml.inference.errors import ArtefactError

# Holds both thresholds of make_artefact.
CURVE = OperatingCurve(
    (
        CurvePoint(0.2, (0.15, 0.3), 0.96, 0.7),
        CurvePoint(0.45, (0.4, 0.6), 0.9, 0.8),
        CurvePoint(0.5, (0.4, 0.6), 0.8, 0.9),
    ),
    n_abnormal=50,
    n_normal=100,
)


def make_artefact(**changes):
    point = OperatingPoint(Calibration(1.2, -0.3), threshold=0.5, unsure_band=(0.4, 0.6))
    fields = {
        "name": "heart",
        "version": "0.1",
        "members": (Member("cnn", "mel_cnn", {"onnx": "cnn.onnx"}, {"n_mels": 32}, 0.5),),
        "operating_points": {"balanced": point, "screening": dataclasses.replace(point, threshold=0.45)},
        "assumed_prevalence": 0.3,
        "preprocessing": {"fs_hz": 2000},
        "training_data": TrainingData("synthetic", "0" * 64, 3, 2),
        "code_version": "0.1.0",
        "licence": "Apache-2.0",
    }
    return Artefact(**{**fields, **changes})


@pytest.fixture
def model_dir(tmp_path):
    (tmp_path / "cnn.onnx").write_bytes(b"weights")
    write_artefact(tmp_path, make_artefact())
    return tmp_path


def edit(model_dir, change):
    path = model_dir / DESCRIPTION_FILE
    description = json.loads(path.read_text())
    change(description)
    path.write_text(json.dumps(description))


def code_of(model_dir):
    with pytest.raises(ArtefactError) as caught:
        load_artefact(model_dir)
    assert caught.value.message.endswith(".")
    return caught.value.code


def test_what_was_written_is_read_back(model_dir):
    artefact = load_artefact(model_dir)
    assert artefact == dataclasses.replace(make_artefact(), directory=model_dir)
    assert artefact.path_of(artefact.members[0], "onnx") == model_dir / "cnn.onnx"
    assert artefact.path_of(artefact.members[0], "keras") is None


def test_absent_description(tmp_path):
    assert code_of(tmp_path) == "artefact.missing"


def test_damaged_description(model_dir):
    path = model_dir / DESCRIPTION_FILE
    path.write_text(path.read_text()[:-20])
    assert code_of(model_dir) == "artefact.unreadable"


def test_other_schema(model_dir):
    edit(model_dir, lambda description: description.update(schema=2))
    assert code_of(model_dir) == "artefact.schema"


def test_one_flipped_bit_in_the_weights(model_dir):
    (model_dir / "cnn.onnx").write_bytes(b"weighus")
    assert code_of(model_dir) == "artefact.hash_mismatch"


def test_absent_weights(model_dir):
    (model_dir / "cnn.onnx").unlink()
    assert code_of(model_dir) == "artefact.file_missing"


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.pop("members"),
        lambda d: d.update(members=[]),
        lambda d: d["members"].append(d["members"][0]),
        lambda d: d["members"][0].update(weight=0),
        lambda d: d["members"][0].update(weight="1"),
        lambda d: d["members"][0]["files"].update(onnx="../cnn.onnx"),
        lambda d: d["members"][0]["files"].update(onnx=".."),
        lambda d: d["members"][0]["files"].update(pickle="cnn.onnx"),
        lambda d: d["members"][0]["config"].update(output="odds"),
        lambda d: d["operating_points"].pop("screening"),
        lambda d: d["operating_points"]["balanced"].update(threshold=0.7),
        lambda d: d["operating_points"]["balanced"].update(unsure_band=[0.4]),
        lambda d: d["operating_points"]["balanced"]["calibration"].update(slope=-1),
        lambda d: d.update(assumed_prevalence=1.0),
        lambda d: d.update(labels=["abnormal", "normal"]),
        lambda d: d.update(name=""),
        lambda d: d["training_data"].pop("sha256"),
        lambda d: d["files"].clear(),
    ],
)
def test_mismatched_description(model_dir, change):
    edit(model_dir, change)
    assert code_of(model_dir) == "artefact.invalid"


def test_nan_in_the_description(model_dir):
    path = model_dir / DESCRIPTION_FILE
    path.write_text(path.read_text().replace("0.5", "NaN"))
    assert code_of(model_dir) == "artefact.unreadable"


def test_a_model_of_another_signal_path_is_refused_and_one_of_this_or_of_before_the_entry_loads(model_dir):
    for key in ("segmentation_sha256", "beat_features", "peak_picture"):
        edit(
            model_dir,
            lambda d, key=key: d["preprocessing"].update(signal_path={**signal_path(), key: "other"}),
        )
        assert code_of(model_dir) == "artefact.signal_path"
    edit(model_dir, lambda description: description["preprocessing"].update(signal_path=signal_path()))
    assert load_artefact(model_dir).preprocessing["signal_path"] == signal_path()
    edit(model_dir, lambda description: description["preprocessing"].pop("signal_path"))
    assert load_artefact(model_dir).name == "heart"


def test_another_fit_of_the_segmentation_is_another_signal_path(tmp_path, monkeypatch):
    assert SEGMENTATION_FILE == PARAMETERS_FILE
    before = signal_path()
    other = tmp_path / "parameters.json"
    other.write_text("{}")
    monkeypatch.setattr("ml.dsp.signal_path.SEGMENTATION_FILE", other)
    assert signal_path()["segmentation_sha256"] != before["segmentation_sha256"]


def test_writing_refuses_what_json_cannot_hold(tmp_path):
    (tmp_path / "cnn.onnx").write_bytes(b"weights")
    with pytest.raises(ArtefactError):
        write_artefact(tmp_path, make_artefact(parity={"cnn": float("nan")}))
    assert not (tmp_path / DESCRIPTION_FILE).exists()


def test_calibration_is_a_sigmoid_that_does_not_overflow():
    calibration = Calibration(slope=2.0, intercept=1.0)
    assert calibration.probability(-0.5) == pytest.approx(0.5)
    assert calibration.probability(-1e6) == 0.0
    assert calibration.probability(1e6) == 1.0


def test_without_a_curve_a_model_loads_and_cannot_be_adjusted(model_dir):
    edit(model_dir, lambda description: description.pop("operating_curve"))
    artefact = load_artefact(model_dir)
    assert artefact.operating_curve is None
    assert artefact.point("screening").threshold == 0.45
    with pytest.raises(ArtefactError) as caught:
        artefact.point("adjusted", 0.9)
    assert caught.value.code == "artefact.operating_point"


def test_a_curve_comes_back_and_gives_the_adjusted_point(tmp_path):
    (tmp_path / "cnn.onnx").write_bytes(b"weights")
    artefact = write_artefact(tmp_path, make_artefact(operating_curve=CURVE))
    assert artefact.operating_curve == CURVE
    point = artefact.point("adjusted", 0.95)
    assert (point.threshold, point.unsure_band) == (0.2, (0.15, 0.3))
    assert point.calibration == artefact.operating_points["balanced"].calibration


@pytest.mark.parametrize(("name", "sensitivity"), [("adjusted", None), ("adjusted", 0.5), ("hopeful", None)])
def test_a_point_the_model_does_not_have_is_refused(name, sensitivity):
    with pytest.raises(ArtefactError) as caught:
        make_artefact(operating_curve=CURVE).point(name, sensitivity)
    assert caught.value.code == "artefact.operating_point"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d["operating_curve"]["points"][0].update(sensitivity=0.5), "sensitivity rises"),
        (lambda d: d["operating_curve"]["points"][1].update(threshold=0.46), "of another model"),
        (lambda d: d["operating_points"]["screening"]["calibration"].update(slope=2.0), "of another model"),
        (lambda d: d.update(operating_curve=[1, 2]), "wrong form"),
    ],
)
def test_a_curve_that_was_tampered_with_is_refused(tmp_path, change, reason):
    (tmp_path / "cnn.onnx").write_bytes(b"weights")
    write_artefact(tmp_path, make_artefact(operating_curve=CURVE))
    edit(tmp_path, change)
    with pytest.raises(ArtefactError) as caught:
        load_artefact(tmp_path)
    assert caught.value.code == "artefact.curve"
    assert reason in caught.value.message


def test_adjusted_is_no_point_of_the_artefacts_own(model_dir):
    edit(model_dir, lambda d: d["operating_points"].update(adjusted=d["operating_points"]["balanced"]))
    assert code_of(model_dir) == "artefact.invalid"
