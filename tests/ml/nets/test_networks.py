import ast
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from ml.nets import NETWORKS, VERSIONS, build_network
from ml.presets import load_preset

pytestmark = pytest.mark.training
NETS_DIR = Path(build_network.__code__.co_filename).parent


def test_opsfusion_is_the_original_size():
    model = build_network("opsfusion_cnn", (128, 157, 1))
    assert 105_000 < model.count_params() < 115_000
    p = model.predict_on_batch(np.zeros((2, 128, 157, 1), np.float32))
    assert p.shape == (2, 1)
    assert ((p > 0) & (p < 1)).all()


def test_mel_cnn_is_compact_and_gives_a_logit():
    model = build_network("mel_cnn", (192, 32, 1))
    assert model.count_params() < 150_000
    assert model.output_names == ["logit"]
    windows = np.random.default_rng(0).standard_normal((3, 192, 32, 1)).astype(np.float32)
    assert model.predict_on_batch(windows).shape == (3, 1)


@pytest.mark.parametrize(("name", "shape"), [("mel_cnn", (192, 32, 1)), ("opsfusion_cnn", (128, 157, 1))])
def test_a_saved_and_reloaded_network_agrees(name, shape, tmp_path):
    import keras

    keras.utils.set_random_seed(1)
    model = build_network(name, shape)
    model.save(tmp_path / "model.keras")
    inputs = np.random.default_rng(0).standard_normal((2, *shape)).astype(np.float32)
    reloaded = keras.saving.load_model(tmp_path / "model.keras")
    assert np.array_equal(model.predict_on_batch(inputs), reloaded.predict_on_batch(inputs))


def test_an_unknown_network_is_named():
    with pytest.raises(ValueError, match="nonsense"):
        build_network("nonsense", (1, 1, 1))


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_name_no_backend(name):
    tree = ast.parse((NETS_DIR / f"{name}.py").read_text())
    imported = {
        alias.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in ([ast.alias(node.module or "")] if isinstance(node, ast.ImportFrom) else node.names)
    }
    assert not imported & {"tensorflow", "jax", "torch"}


@pytest.mark.parametrize(
    ("preset", "member"), [("heart", "beat_cnn"), ("heart", "mel_cnn"), ("opsfusion", "opsfusion")]
)
def test_a_network_that_was_changed_makes_other_fits_of_its_member_alone(preset, member, monkeypatch):
    module = import_module(f"ml.training.members.{member}")
    before = dict(module.create(load_preset(preset)).settings)
    for name in VERSIONS:
        with monkeypatch.context() as patched:
            patched.setitem(VERSIONS, name, 2)
            settings = module.create(load_preset(preset)).settings
        assert (settings != before) == name.startswith(member)
