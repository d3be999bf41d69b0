"""Envelopes follow a known modulation; band power is in the right band, the right frame and the right unit."""

import numpy as np
import pytest

from ml.dsp.envelope import hilbert_envelope, homomorphic_envelope, wavelet_power
from ml.errors import SignalError

FS_HZ = 2000
TIME_S = np.arange(4 * FS_HZ) / FS_HZ
MODULATION = 1 + 0.5 * np.sin(2 * np.pi * 1.5 * TIME_S)
MIDDLE = slice(FS_HZ // 2, -FS_HZ // 2)


def test_hilbert_envelope_is_the_modulation():
    found = hilbert_envelope(MODULATION * np.cos(2 * np.pi * 120 * TIME_S), FS_HZ)
    assert np.max(np.abs(found - MODULATION)[MIDDLE]) < 0.02


def test_homomorphic_envelope_is_smooth_and_proportional():
    x = MODULATION * np.cos(2 * np.pi * 120 * TIME_S)
    found = homomorphic_envelope(x, FS_HZ)
    assert np.corrcoef(found[MIDDLE], MODULATION[MIDDLE])[0, 1] > 0.99
    assert homomorphic_envelope(3 * x, FS_HZ) == pytest.approx(3 * found, rel=1e-6)


def test_homomorphic_envelope_of_silence_is_finite():
    assert np.all(np.isfinite(homomorphic_envelope(np.zeros(4000), FS_HZ)))


@pytest.mark.parametrize(("frequency_hz", "band"), [(35, 0), (90, 1), (230, 2)])
def test_a_tones_power_is_in_its_band_in_its_own_unit(frequency_hz, band):
    power = wavelet_power(
        np.cos(2 * np.pi * frequency_hz * TIME_S), FS_HZ, ((25, 45), (60, 120), (160, 300)), 50
    )
    assert power.shape == (3, 200)
    assert np.argmax(power.mean(axis=1)) == band
    assert power[band, 20:-20] == pytest.approx(1.0, rel=0.05)  # squared amplitude of the analytic signal


def test_a_click_is_in_its_frame():
    x = np.zeros(4000)
    x[2090] = 1.0
    power = wavelet_power(x, FS_HZ, ((100, 400),), 50)[0]
    assert np.argmax(power) == 2090 // 40


def test_bad_input_is_named():
    for call, code in (
        (lambda: wavelet_power(np.ones(100), 2000, ((25, 50),), 30), "signal.rate"),
        (lambda: hilbert_envelope(np.ones((2, 3)), 2000), "signal.shape"),
    ):
        with pytest.raises(SignalError) as caught:
            call()
        assert caught.value.code == code
