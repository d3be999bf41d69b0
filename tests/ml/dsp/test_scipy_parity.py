"""The numpy filters, resampler and transforms equal scipy's, from which came the features the models learnt on."""

import numpy as np
import pytest
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view
from scipy.signal import butter, sosfiltfilt, upfirdn

from ml.dsp import filters
from ml.dsp.fft import fast_length
from ml.dsp.frame_power import half_waves, line_power
from ml.dsp.io import load_audio
from ml.dsp.resample import INTERMEDIATE_OVERSAMPLING, PASS_EDGE, lowpass_taps, resample
from tests.ml.dsp.heart_sounds import FS_HZ, steady

# Share of the input's peak; single-precision features keep seven digits.
TOLERANCE = 1e-9
RATES_HZ = [2000, 8000, 44100]
RECORDINGS = ["training-a/a0001", "training-b/b0002", "training-e/e00001"]
FILTERS = [
    ("bandpass", 2, (25.0, 400.0)),
    ("bandpass", 3, (5.0, 40.0)),
    ("highpass", 2, (60.0,)),
    ("lowpass", 1, (8.0,)),
    ("lowpass", 2, (300.0,)),
]


def filtered(x, fs_hz, kind, order, edges_hz):
    ours = {"bandpass": filters.band_pass, "highpass": filters.high_pass, "lowpass": filters.low_pass}[kind]
    return ours(x, fs_hz, *edges_hz, order=order)


def filtered_by_scipy(x, fs_hz, kind, order, edges_hz):
    sections = butter(order, edges_hz if len(edges_hz) > 1 else edges_hz[0], kind, fs=fs_hz, output="sos")
    return sosfiltfilt(sections, x, padlen=min(int(3 / edges_hz[0] * fs_hz), x.size - 1))


def converted_by_scipy(x, up, down, taps):
    """One step of the resampler with scipy's polyphase filter."""
    n_out, half = -(-x.size * up // down), taps.size // 2
    lead = -half % down
    first = (half + lead) // down
    y = upfirdn(np.concatenate([np.zeros(lead), taps * up]), x, up, down)[first : first + n_out]
    return np.pad(y, (0, n_out - y.size))


def resampled_by_scipy(x, fs, to):
    pass_hz = PASS_EDGE * min(fs, to)
    reduction = fs // (INTERMEDIATE_OVERSAMPLING * to)
    if reduction >= 2:
        x = converted_by_scipy(x, 1, reduction, lowpass_taps(fs, pass_hz, fs / reduction - (to - pass_hz)))
        to, pass_hz = to * reduction, pass_hz * reduction
    up, down = to // np.gcd(fs, to), fs // np.gcd(fs, to)
    return converted_by_scipy(x, up, down, lowpass_taps(float(fs) * up, pass_hz, min(fs, to) - pass_hz))


def assert_same(ours, theirs, x):
    assert ours.shape == theirs.shape
    assert np.max(np.abs(ours - theirs), initial=0) <= TOLERANCE * np.max(np.abs(x))


def awkward(fs_hz, duration_s=6.0):
    """Noise that wanders, stands off zero and is cut at both ends: nothing about its edges is gentle."""
    random = np.random.default_rng(3)
    white = random.standard_normal(int(duration_s * fs_hz))
    return white + 0.1 * np.cumsum(white) + 3


@pytest.fixture(params=RECORDINGS)
def recording(request, real_data):
    samples, fs_hz = load_audio(real_data / "physionet2016" / f"{request.param}.flac")
    assert fs_hz == FS_HZ
    return samples.astype(np.float64)


def at_rate(x, fs_hz):
    """`x` at 2000 Hz brought to `fs_hz` by linear interpolation, which knows neither resampler."""
    times_s = np.arange(int(x.size * fs_hz / FS_HZ)) / fs_hz
    return np.interp(times_s, np.arange(x.size) / FS_HZ, x)


@pytest.mark.parametrize("design", FILTERS, ids=str)
@pytest.mark.parametrize("fs_hz", RATES_HZ)
class TestFilters:
    def test_synthetic_heart(self, fs_hz, design):
        x = at_rate(steady(72, duration_s=6).x, fs_hz)
        assert_same(filtered(x, fs_hz, *design), filtered_by_scipy(x, fs_hz, *design), x)

    def test_noise_that_stands_off_zero(self, fs_hz, design):
        x = awkward(fs_hz)
        assert_same(filtered(x, fs_hz, *design), filtered_by_scipy(x, fs_hz, *design), x)

    @pytest.mark.parametrize("n_samples", [1, 2, 3, 50, 777])
    def test_shorter_than_its_own_transient(self, fs_hz, design, n_samples):
        x = awkward(fs_hz)[:n_samples]
        assert_same(filtered(x, fs_hz, *design), filtered_by_scipy(x, fs_hz, *design), x)

    def test_real_recordings(self, fs_hz, design, recording):
        x = at_rate(recording[: 8 * FS_HZ], fs_hz)
        assert_same(filtered(x, fs_hz, *design), filtered_by_scipy(x, fs_hz, *design), x)


CONVERSIONS = [
    (8000, 2000),
    (44100, 2000),
    (44100, 8000),
    (48000, 2000),
    (11025, 2000),
    (192000, 48000),
    (2000, 8000),
    (2000, 44100),
    (1000, 2000),
    (44101, 2000),
    (7999, 8000),
]


@pytest.mark.parametrize(("fs_hz", "to_hz"), CONVERSIONS)
class TestResampler:
    def test_noise(self, fs_hz, to_hz):
        x = awkward(fs_hz, duration_s=2)
        assert_same(resample(x, fs_hz, to_hz), resampled_by_scipy(x, fs_hz, to_hz), x)

    @pytest.mark.parametrize("n_samples", [1, 2, 5, 213, 1000])
    def test_shorter_than_its_filter(self, fs_hz, to_hz, n_samples):
        x = awkward(fs_hz)[:n_samples]
        assert_same(resample(x, fs_hz, to_hz), resampled_by_scipy(x, fs_hz, to_hz), x)

    def test_real_recordings(self, fs_hz, to_hz, recording):
        x = at_rate(recording[: 4 * FS_HZ], fs_hz)
        assert_same(resample(x, fs_hz, to_hz), resampled_by_scipy(x, fs_hz, to_hz), x)


def test_fast_lengths_are_scipys():
    lengths = [*range(1, 3000), 30_001, 120_001, 661_501, 2**20, 2**20 + 1]
    assert [fast_length(n) for n in lengths] == [scipy.fft.next_fast_len(n, real=True) for n in lengths]


def test_line_power_is_that_of_the_single_precision_transform():
    x = steady(72, duration_s=12).x.astype(np.float32)
    frames = sliding_window_view(np.pad(x, 64), 128)[::20] * np.hanning(128).astype(np.float32)
    lines = slice(3, 110)
    theirs = np.abs(scipy.fft.rfft(frames, 256, axis=1))[:, lines]
    ours = np.sqrt(line_power(x, half_waves(np.hanning(128), 256, lines), hop=20))
    assert ours.dtype == theirs.dtype == np.float32
    assert ours.shape == theirs.shape
    assert np.max(np.abs(ours - theirs)) <= 4 * np.finfo(np.float32).eps * theirs.max()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_transforms_keep_the_precision_of_the_sound(dtype):
    x = np.random.default_rng(0).standard_normal((40, 256)).astype(dtype)
    ours, theirs = np.fft.rfft(x, axis=1), scipy.fft.rfft(x, axis=1)
    assert ours.dtype == theirs.dtype
    assert np.max(np.abs(ours - theirs)) <= 4 * np.finfo(dtype).eps * np.abs(theirs).max()
