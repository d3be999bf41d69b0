"""R peaks: found where they were put, whatever the polarity; T waves, noise and wide beats do not mislead."""

import numpy as np
import pytest

from ml.dsp.ecg import find_r_peaks
from ml.errors import SignalError

FS_HZ = 1000


def ecg(r_s, *, duration_s=20.0, t_level=0.3, noise=0.01, polarity=1.0, seed=0, wide=False):
    random = np.random.default_rng(seed)
    t = np.arange(int(duration_s * FS_HZ)) / FS_HZ
    x = noise * random.standard_normal(t.size) + 0.2 * np.sin(2 * np.pi * 0.25 * t)
    for at in r_s:
        if wide:
            x += 0.5 * np.exp(-0.5 * ((t - at) / 0.012) ** 2) - 1.0 * np.exp(
                -0.5 * ((t - at - 0.085) / 0.02) ** 2
            )
        else:
            x += np.exp(-0.5 * ((t - at) / 0.01) ** 2) - 0.2 * np.exp(-0.5 * ((t - at - 0.03) / 0.01) ** 2)
        x += t_level * np.exp(-0.5 * ((t - at - 0.28) / 0.05) ** 2)
    return polarity * x


def regular(bpm):
    return np.arange(0.6, 19.4, 60 / bpm)


@pytest.mark.parametrize("polarity", [1.0, -1.0])
@pytest.mark.parametrize("bpm", [35, 70, 120, 180])
def test_every_peak_is_found_within_10_ms(bpm, polarity):
    r_s = regular(bpm)
    found = find_r_peaks(ecg(r_s, polarity=polarity), FS_HZ)
    assert found.times_s.size == r_s.size
    assert np.max(np.abs(found.times_s - r_s)) < 0.01
    assert found.is_reliable


def test_a_tall_t_wave_is_no_beat():
    r_s = regular(65)
    found = find_r_peaks(ecg(r_s, t_level=1.3), FS_HZ)
    assert found.times_s.size == r_s.size


def test_irregular_beats_are_found():
    r_s = 0.6 + np.cumsum(np.random.default_rng(2).uniform(0.4, 1.3, 18))
    r_s = r_s[r_s < 19.4]
    found = find_r_peaks(ecg(r_s), FS_HZ)
    assert found.times_s.size == r_s.size
    assert np.max(np.abs(found.times_s - r_s)) < 0.01


def test_r_of_a_wide_beat_is_its_first_wave_not_its_deepest():
    r_s = regular(60)
    found = find_r_peaks(ecg(r_s, wide=True), FS_HZ)
    assert np.max(np.abs(found.times_s - r_s)) < 0.02


@pytest.mark.parametrize("seed", range(4))
def test_noise_is_not_a_reference(seed):
    noise = np.random.default_rng(seed).standard_normal(20 * FS_HZ)
    assert not find_r_peaks(noise, FS_HZ).is_reliable


def test_bad_input_is_named():
    for x, code in ((np.zeros(20 * FS_HZ), "signal.silent"), (np.zeros(500), "signal.too_short")):
        with pytest.raises(SignalError) as caught:
            find_r_peaks(x, FS_HZ)
        assert caught.value.code == code
