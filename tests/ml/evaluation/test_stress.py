import numpy as np
import pytest

from ml.evaluation.stress import STRESSES

FS_HZ = 2000


@pytest.fixture
def sound():
    rng = np.random.default_rng(0)
    time_s = np.arange(8 * FS_HZ) / FS_HZ
    beat = (np.sin(2 * np.pi * 1.2 * time_s) > 0.9) * np.sin(2 * np.pi * 50 * time_s)
    return (0.4 * beat + 0.01 * rng.standard_normal(len(time_s))).astype(np.float32)


@pytest.mark.parametrize("name", [name for name in STRESSES if "2.5 s" not in name])
def test_each_keeps_rate_and_length_and_is_reproducible(name, sound):
    first = STRESSES[name](sound, FS_HZ, np.random.default_rng(1))
    again = STRESSES[name](sound, FS_HZ, np.random.default_rng(1))
    assert first.shape == sound.shape
    assert first.dtype == np.float32
    assert np.isfinite(first).all()
    assert np.array_equal(first, again)
    assert (name == "unchanged") == np.array_equal(first, sound)


def test_noise_has_its_ratio(sound):
    for name, snr_db in (("noise, 10 dB", 10), ("noise, 0 dB", 0), ("speech, 10 dB", 10)):
        added = STRESSES[name](sound, FS_HZ, np.random.default_rng(1)) - sound
        assert 20 * np.log10(sound.std() / added.std()) == pytest.approx(snr_db, abs=0.3)


def test_high_pass_weakens_a_low_beat(sound):
    assert STRESSES["high-pass 150 Hz"](sound, FS_HZ, np.random.default_rng(1)).std() < 0.3 * sound.std()


def test_short_clip_is_short(sound):
    assert len(STRESSES["middle 2.5 s"](sound, FS_HZ, np.random.default_rng(1))) == 5000
