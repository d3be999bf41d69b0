import dataclasses
import io

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from ml.dsp.mel_windows import MelWindowConfig
from ml.inference import export, load_predictor
from ml.inference.artefact import Member, load_artefact
from ml.inference.errors import EngineError
from ml.inference.export import export_artefact
from ml.inference.members import prepare
from tests.ml.inference.sounds import heartbeat
from tests.ml.inference.tiny_model import write_tiny_model


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model folder as training leaves it: a Keras file alone."""
    keras = pytest.importorskip("keras", reason="Keras is absent: pip install -r requirements.txt to test it")
    directory = tmp_path_factory.mktemp("trained")
    config = MelWindowConfig(window_frames=64, n_mels=16)
    keras.utils.set_random_seed(0)
    inputs = keras.Input((config.window_frames, config.n_mels, 1))
    x = keras.layers.Conv2D(4, 3, activation="relu")(inputs)
    outputs = keras.layers.Dense(1)(keras.layers.GlobalAveragePooling2D()(x))
    keras.Model(inputs, outputs).save(directory / "net.keras")
    write_tiny_model(
        directory,
        members=(Member("net", "mel_windows", {"keras": "net.keras"}, dataclasses.asdict(config)),),
    )
    return directory


@pytest.fixture(scope="module")
def recordings():
    return [prepare(heartbeat(4, seed=seed)[0].astype(np.float64), 2000) for seed in range(3)]


def test_a_difference_above_the_limit_changes_nothing(trained, recordings, monkeypatch):
    monkeypatch.setattr(export, "MAX_DIFFERENCE", -1.0)
    before = sorted(path.name for path in trained.iterdir())
    with pytest.raises(EngineError) as caught:
        export_artefact(trained, recordings, print)
    assert caught.value.code == "export.parity"
    assert sorted(path.name for path in trained.iterdir()) == before
    assert load_artefact(trained).parity == {}


def test_export_adds_files_that_say_the_same_and_records_by_how_much(trained, recordings):
    said = []
    artefact = export_artefact(trained, recordings, said.append)
    assert set(artefact.members[0].files) == {"keras", "onnx", "litert"}
    for file_format in ("onnx", "litert"):
        figures = artefact.parity["net"][file_format]
        assert figures["max_abs_dp"] < 1e-3
        assert figures["n_inputs"] == 3
    assert len(said) == 2
    x = heartbeat()[0]
    p = [
        load_predictor(trained, engine).read(x, 2000).probability_abnormal
        for engine in ("onnx", "litert", "keras")
    ]
    assert p[1] == pytest.approx(p[0], abs=1e-3)
    assert p[2] == pytest.approx(p[0], abs=1e-3)


def test_the_command_measures_on_random_inputs_without_data(trained):
    out = io.StringIO()
    call_command("export_model", model=trained, stdout=out)
    assert "200 random inputs" in out.getvalue()


def test_the_command_names_a_folder_without_a_model(tmp_path):
    with pytest.raises(CommandError, match=r"artefact\.json is absent"):
        call_command("export_model", model=tmp_path)


def test_another_backend_is_named(trained, monkeypatch):
    monkeypatch.setattr("keras.backend.backend", lambda: "jax")
    with pytest.raises(CommandError, match="run export_model without KERAS_BACKEND"):
        call_command("export_model", model=trained)


def test_members_without_a_keras_file_are_left_as_they_are(tmp_path):
    before = write_tiny_model(tmp_path)
    assert export_artefact(tmp_path, None, print) == before
