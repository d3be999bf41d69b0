"""The resampler: pass-band ripple, alias rejection, alignment, every rate a file may have."""

import numpy as np
import pytest

from ml.dsp.resample import resample
from ml.errors import SignalError

RATES_HZ = [4000, 8000, 11025, 16000, 22050, 44100, 48000, 96000, 192000]


def tone(frequency_hz, fs_hz, duration_s=3.0):
    return np.cos(2 * np.pi * frequency_hz * np.arange(int(duration_s * fs_hz)) / fs_hz)


def level_db(y):
    middle = y[y.size // 4 : -y.size // 4]
    return 20 * np.log10(np.sqrt(2 * np.mean(middle**2)) + 1e-12)


@pytest.mark.parametrize("fs_hz", RATES_HZ)
@pytest.mark.parametrize("frequency_hz", [25, 100, 400, 880])
def test_pass_band_is_flat_within_a_hundredth_of_a_decibel(fs_hz, frequency_hz):
    assert abs(level_db(resample(tone(frequency_hz, fs_hz), fs_hz, 2000))) < 0.01


ALIASES = [
    (fs_hz, frequency_hz)
    for fs_hz in RATES_HZ
    for frequency_hz in (1110, 1500, 1900, 3100, 7900, 9901, 15950, 20017)
    if frequency_hz < fs_hz / 2
]


@pytest.mark.parametrize(("fs_hz", "frequency_hz"), ALIASES)
def test_tones_that_would_fold_into_the_pass_band_are_80_db_down(fs_hz, frequency_hz):
    assert level_db(resample(tone(frequency_hz, fs_hz), fs_hz, 2000)) < -80


@pytest.mark.parametrize("to_hz", [2000, 8000])
@pytest.mark.parametrize("fs_hz", [2000, *RATES_HZ])
def test_output_lies_on_the_same_clock(fs_hz, to_hz):
    y = resample(tone(60, fs_hz), fs_hz, to_hz)
    assert y.size == int(np.ceil(int(3 * fs_hz) * to_hz / fs_hz))
    expected = tone(60, to_hz)[: y.size]
    middle = slice(to_hz // 2, -to_hz // 2)
    assert np.max(np.abs(y[middle] - expected[middle])) < 2e-3


def test_upsampling_adds_no_images():
    y = resample(tone(700, 2000), 2000, 8000)
    spectrum = np.abs(np.fft.rfft(y[4000:20000] * np.hanning(16000)))
    frequencies = np.fft.rfftfreq(16000, 1 / 8000)
    images = spectrum[frequencies > 1100].max() / spectrum.max()
    assert 20 * np.log10(images) < -80


@pytest.mark.parametrize("fs_hz", [44101, 7999, 12345])
def test_a_rate_without_a_small_ratio_works(fs_hz):
    assert abs(level_db(resample(tone(200, fs_hz, 1.0), fs_hz, 2000))) < 0.05


@pytest.mark.parametrize(
    ("fs_hz", "shape", "code"),
    [
        (0, (10,), "signal.rate"),
        (-8000, (10,), "signal.rate"),
        (8000.5, (10,), "signal.rate"),
        (10**9, (10,), "signal.rate"),
        (8000, (10, 2), "signal.shape"),
    ],
)
def test_bad_input_is_named(fs_hz, shape, code):
    with pytest.raises(SignalError) as caught:
        resample(np.zeros(shape), fs_hz, 2000)
    assert caught.value.code == code


def test_empty_and_one_sample_survive():
    assert resample(np.zeros(0), 44100, 2000).size == 0
    assert resample(np.ones(1), 44100, 2000).size == 1
