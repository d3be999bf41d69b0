import numpy as np
import pytest

from ml.dsp.cleaning import check_samples, clipped_fraction, remove_offset, remove_spikes
from ml.errors import SignalError
from tests.ml.inference.sounds import heartbeat

FS_HZ = 2000


def test_an_offset_goes_and_nothing_else():
    x, _ = heartbeat()
    assert np.allclose(remove_offset(x + 0.3), x - x.mean(), atol=1e-6)


def test_a_spike_is_cut_out_at_its_zero_crossings():
    x = heartbeat()[0].astype(np.float64)
    spiked = x.copy()
    spiked[9000:9010] += 5 * np.hanning(10)
    cleaned = remove_spikes(spiked, FS_HZ)
    assert np.abs(cleaned).max() <= 3 * np.abs(x).max()
    changed = np.flatnonzero(cleaned != spiked)
    assert changed.min() > 8800
    assert changed.max() < 9200


def test_heart_sounds_are_no_spikes():
    for seed in range(5):
        x = heartbeat(rate_bpm=60 + 20 * seed, seed=seed)[0].astype(np.float64)
        assert np.array_equal(remove_spikes(x, FS_HZ), x)


def test_many_spikes_in_one_window_all_go():
    x = heartbeat()[0].astype(np.float64)
    spiked = x.copy()
    spiked[6000:6400:40] += 4.0
    assert np.abs(remove_spikes(spiked, FS_HZ)).max() < 2.0


def test_the_input_is_not_changed_and_short_clips_are_left_alone():
    x = np.zeros(FS_HZ)
    x[500] = 1.0
    before = x.copy()
    assert np.array_equal(remove_spikes(x, FS_HZ), before)
    assert np.array_equal(x, before)


def test_a_long_bump_is_no_spike_and_does_not_hang():
    x = 0.01 * np.random.default_rng(0).standard_normal(10 * FS_HZ)
    x[8000:9000] += 3.0
    cleaned = remove_spikes(x, FS_HZ)
    assert cleaned[8500] > 2.0


@pytest.mark.parametrize("gain", [1.5, 4.0])
def test_clipping_is_found_whatever_the_level(gain):
    t = np.arange(10 * FS_HZ) / FS_HZ
    x = np.clip(gain * np.sin(2 * np.pi * 40 * t), -1, 1)
    expected = 1 - 2 / np.pi * np.arcsin(1 / gain)
    assert clipped_fraction(0.2 * x) == pytest.approx(expected, abs=0.12)


def test_unclipped_sound_has_no_clipping():
    assert clipped_fraction(heartbeat()[0]) < 0.001
    assert clipped_fraction(np.zeros(100)) == 0.0


@pytest.mark.parametrize("bad", [np.zeros((2, 2)), np.zeros(0)])
def test_shapes_that_are_no_recording(bad):
    with pytest.raises(SignalError, match="one channel"):
        check_samples(bad)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_no_numbers(bad):
    with pytest.raises(SignalError) as caught:
        check_samples([0.0, bad])
    assert caught.value.code == "signal.not_finite"
