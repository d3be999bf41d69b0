"""Makers of what is no heart: finite, different each time; hearts taken apart keep their colour and lose the beat."""

import numpy as np
import pytest

from ml.data.not_heart_events import CHANGERS, FAMILIES, levelled, shuffled
from ml.dsp.quality_features import quality_features
from tests.ml.inference.sounds import heartbeat

FS_HZ = 2000.0
MAKERS = [(family, make) for family, makers in FAMILIES.items() for make in makers]


@pytest.mark.parametrize(("family", "make"), MAKERS, ids=[make.__name__ for _, make in MAKERS])
def test_a_maker_gives_as_much_finite_sound_as_asked_and_never_twice_the_same(family, make):
    rng = np.random.default_rng(0)
    first, second = make(rng, 5000, FS_HZ), make(rng, 5000, FS_HZ)
    assert first.shape == second.shape == (5000,)
    assert np.isfinite(first).all()
    assert first.std() > 0
    assert not np.allclose(first, second)


@pytest.mark.parametrize("take_apart", CHANGERS.values(), ids=CHANGERS)
def test_a_heart_taken_apart_no_longer_repeats(take_apart):
    heart = heartbeat(10)[0].astype(np.float64)
    apart = take_apart(np.random.default_rng(0), heart, FS_HZ)
    assert np.isfinite(apart).all()
    assert quality_features(apart)["repeat_all_log"] < 0.6 * quality_features(heart)["repeat_all_log"]


def test_levelling_keeps_the_spectrum():
    heart = heartbeat(10)[0].astype(np.float64)
    level = levelled(np.random.default_rng(0), heart, FS_HZ)
    before, after = (np.abs(np.fft.rfft(x))[5:2000] for x in (heart, level))
    assert after == pytest.approx(before, rel=1e-3, abs=1e-3 * before.max())


def test_shuffling_keeps_most_of_the_energy():
    heart = heartbeat(10)[0].astype(np.float64)
    apart = shuffled(np.random.default_rng(0), heart, FS_HZ)
    assert 0.6 < np.mean(apart**2) / np.mean(heart**2) < 1.1
