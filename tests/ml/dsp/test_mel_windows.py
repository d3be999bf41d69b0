import numpy as np
import pytest

from ml.dsp.mel_windows import MelWindowConfig, mel_windows, window_starts
from ml.errors import SignalError

CONFIG = MelWindowConfig()


@pytest.fixture
def sound():
    rng = np.random.default_rng(2)
    seconds = np.arange(10 * 2000) / 2000
    beat = np.exp(-(((seconds % 0.8) - 0.1) ** 2) / 0.0005) * np.sin(2 * np.pi * 60 * seconds)
    return (0.3 * beat + 0.005 * rng.standard_normal(len(seconds))).astype(np.float32)


def test_shape_covers_the_recording(sound):
    windows = mel_windows(sound, CONFIG)
    assert windows.shape == (6, 192, 32)
    starts = window_starts(1 + len(sound) // 32, CONFIG)
    assert starts[0] == 0
    assert starts[-1] + CONFIG.window_frames == 1 + len(sound) // 32


def test_level_and_offset_do_not_matter(sound):
    windows = mel_windows(sound, CONFIG)
    assert np.allclose(mel_windows(0.01 * sound, CONFIG), windows, atol=1e-3)
    assert np.allclose(mel_windows(sound + 0.2, CONFIG), windows, atol=1e-2)


def test_spectral_colour_hardly_matters(sound):
    gain = np.interp(np.fft.rfftfreq(len(sound), 1 / 2000), [0, 200, 1000], [1.0, 0.3, 2.0])
    coloured = np.fft.irfft(np.fft.rfft(sound) * gain).astype(np.float32)
    difference = mel_windows(coloured, CONFIG) - mel_windows(sound, CONFIG)
    assert np.sqrt((difference**2).mean()) < 0.1 * mel_windows(sound, CONFIG).std() + 0.02


def test_a_short_clip_is_one_window_with_zeros_around(sound):
    windows = mel_windows(sound[:3000], CONFIG)
    assert windows.shape == (1, 192, 32)
    assert not windows[0, :40].any()
    assert not windows[0, -40:].any()
    assert windows[0, 60:130].any()


def test_a_long_recording_gives_a_bounded_number(sound):
    assert len(mel_windows(np.tile(sound, 30), CONFIG)) == CONFIG.max_windows


def test_silence_is_finite_and_nothing_is_refused():
    assert np.isfinite(mel_windows(np.zeros(8000, np.float32), CONFIG)).all()
    with pytest.raises(SignalError):
        mel_windows(np.zeros(0, np.float32), CONFIG)
