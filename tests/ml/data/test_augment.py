import dataclasses

import numpy as np
import pytest

from ml.data import augment
from ml.training.config import AugmentConfig

FS_HZ = 2000
ALWAYS = AugmentConfig(
    noise_probability=1,
    equaliser_probability=1,
    high_pass_probability=1,
    steps_probability=1,
    offset_probability=1,
    clipping_probability=1,
)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture
def sound(rng):
    return rng.standard_normal((6, 4000)).astype(np.float32)


def test_high_pass_takes_the_lows_and_leaves_the_highs(rng):
    config = dataclasses.replace(ALWAYS, equaliser_probability=0, high_pass_hz=(150.0, 150.0))
    time_s = np.arange(4000) / FS_HZ
    tones = np.stack([np.sin(2 * np.pi * 40 * time_s), np.sin(2 * np.pi * 600 * time_s)]).astype(np.float32)
    low, high = augment.colour(tones, FS_HZ, config, rng).std(axis=1) / tones.std(axis=1)
    assert low < 0.3
    assert high > 0.95


def test_noise_has_the_wanted_ratio(sound, rng):
    config = dataclasses.replace(ALWAYS, noise_snr_db=(10.0, 10.0))
    added = augment.add_noise(sound, config, rng) - sound
    snr_db = 20 * np.log10(sound.std(axis=1) / added.std(axis=1))
    assert np.allclose(snr_db, 10, atol=0.2)


def test_clipping_flattens_peaks_only(sound, rng):
    clipped = augment.clip(sound, ALWAYS, rng)
    assert (np.abs(clipped).max(axis=1) <= 0.7 * np.abs(sound).max(axis=1) + 1e-6).all()
    untouched = np.abs(sound) < 0.15 * np.abs(sound).max(axis=1, keepdims=True)
    assert np.array_equal(clipped[untouched], sound[untouched])


def test_quantising_leaves_few_values(sound, rng):
    config = dataclasses.replace(ALWAYS, distinct_values=(50, 60))
    for row in augment.quantise(sound, config, rng):
        assert 20 < len(np.unique(row)) <= 62


def test_offset_shifts_and_nothing_else(sound, rng):
    moved = augment.shift(sound, ALWAYS, rng) - sound
    assert np.allclose(moved.std(axis=1), 0, atol=1e-5)
    assert (np.abs(moved[:, 0]) > 0).any()


def test_probability_zero_changes_nothing(sound, rng):
    never = AugmentConfig(
        noise_probability=0,
        equaliser_probability=0,
        high_pass_probability=0,
        steps_probability=0,
        offset_probability=0,
        clipping_probability=0,
    )
    assert np.allclose(augment.augment_batch(sound, FS_HZ, never, rng), sound, atol=1e-4)


def test_silence_stays_finite(rng):
    assert np.isfinite(augment.augment_batch(np.zeros((2, 4000), np.float32), FS_HZ, ALWAYS, rng)).all()
