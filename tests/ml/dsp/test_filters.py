"""Filters keep their band, remove the rest by a known measure, and do not move a sound in time."""

import numpy as np
import pytest

from ml.dsp.filters import band_pass, high_pass, low_pass
from ml.errors import SignalError

FS_HZ = 2000
TIME_S = np.arange(4 * FS_HZ) / FS_HZ


def gain_db(filtered_of, frequency_hz):
    x = np.sin(2 * np.pi * frequency_hz * TIME_S)
    middle = slice(FS_HZ, -FS_HZ)
    return 10 * np.log10(np.mean(filtered_of(x)[middle] ** 2) / np.mean(x[middle] ** 2))


@pytest.mark.parametrize(
    ("filtered_of", "edge_hz"),
    [
        (lambda x: band_pass(x, FS_HZ), 25),
        (lambda x: band_pass(x, FS_HZ), 400),
        (lambda x: high_pass(x, FS_HZ, 60), 60),
        (lambda x: low_pass(x, FS_HZ, 300), 300),
    ],
)
def test_an_edge_is_6_db_down(filtered_of, edge_hz):
    assert gain_db(filtered_of, edge_hz) == pytest.approx(-6, abs=0.4)


@pytest.mark.parametrize(
    ("frequency_hz", "least", "most"), [(5, -200, -45), (50, -0.6, 0.1), (150, -0.3, 0.1), (900, -200, -30)]
)
def test_band_pass_keeps_the_heart_and_drops_the_rest(frequency_hz, least, most):
    assert least <= gain_db(lambda x: band_pass(x, FS_HZ), frequency_hz) <= most


def test_a_sound_is_not_delayed():
    x = np.exp(-0.5 * ((TIME_S - 2) / 0.03) ** 2) * np.cos(2 * np.pi * 60 * (TIME_S - 2))
    assert np.argmax(np.abs(band_pass(x, FS_HZ))) == np.argmax(np.abs(x))


def test_short_input_is_filtered_too():
    assert band_pass(np.ones(5), FS_HZ).shape == (5,)


def test_bad_input_is_named():
    for call, code in (
        (lambda: band_pass(np.ones(100), 500), "signal.rate"),
        (lambda: high_pass(np.ones(100), FS_HZ, 0), "signal.rate"),
        (lambda: low_pass(np.ones((2, 50)), FS_HZ, 100), "signal.shape"),
        (lambda: band_pass(np.ones(0), FS_HZ), "signal.shape"),
    ):
        with pytest.raises(SignalError) as caught:
            call()
        assert caught.value.code == code
