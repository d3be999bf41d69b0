import pytest

from ml.data.opsfusion import OpsfusionConfig
from ml.presets import PresetError, load_preset, parse_preset, preset_names


def test_every_preset_loads():
    assert {"heart", "opsfusion"} <= set(preset_names())
    for name in preset_names():
        assert load_preset(name).summary


def test_opsfusion_is_the_original_system():
    preset = load_preset("opsfusion")
    assert preset.features == OpsfusionConfig(
        fs_hz=8000, trim_db=20.0, duration_s=5.0, n_fft=1024, hop=256, n_mels=128
    )
    assert preset.training.epochs == 15
    assert preset.training.learning_rate == 1e-3
    assert preset.training.score == "auc"
    assert preset.training.balance == "class_weights"
    assert preset.augment is None


def test_mistakes_are_named():
    with pytest.raises(PresetError, match="nonsense"):
        load_preset("nonsense")
    with pytest.raises(PresetError, match="features"):
        parse_preset("x", {"features": {"kind": "wrong"}})
    with pytest.raises(PresetError, match="speed"):
        parse_preset("x", {"features": {"kind": "opsfusion", "speed": 1}})
    with pytest.raises(PresetError, match="training"):
        parse_preset("x", {"features": {"kind": "opsfusion"}, "training": {"epochs": 3}})
