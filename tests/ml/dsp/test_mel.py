import numpy as np
import pytest

from ml.dsp.mel import hz_to_mel, mel_filterbank, mel_spectrogram, mel_to_hz, power_to_db
from ml.errors import SignalError


@pytest.fixture
def sound():
    generator = np.random.default_rng(3)
    seconds = np.arange(5 * 8000) / 8000
    tone = np.sin(2 * np.pi * 60 * seconds) * (np.sin(2 * np.pi * 1.2 * seconds) > 0.8)
    return (0.6 * tone + 0.02 * generator.standard_normal(len(seconds))).astype(np.float32)


def test_filterbank_equals_librosas():
    librosa = pytest.importorskip("librosa")
    for fs_hz, n_fft, n_mels, low_hz, high_hz in [
        (8000, 1024, 128, 0.0, None),
        (2000, 256, 32, 25.0, 1000.0),
    ]:
        ours = mel_filterbank(fs_hz, n_fft, n_mels, low_hz, high_hz)
        theirs = librosa.filters.mel(sr=fs_hz, n_fft=n_fft, n_mels=n_mels, fmin=low_hz, fmax=high_hz)
        assert np.abs(ours - theirs).max() <= 1e-8


def test_spectrogram_equals_librosas_to_5e_7_of_the_peak(sound):
    librosa = pytest.importorskip("librosa")
    ours = mel_spectrogram(sound, fs_hz=8000, n_fft=1024, hop=256, n_mels=128)
    theirs = librosa.feature.melspectrogram(y=sound, sr=8000, n_fft=1024, hop_length=256, n_mels=128)
    assert ours.shape == theirs.shape == (128, 157)
    assert np.abs(ours - theirs).max() <= 5e-7 * theirs.max()


def test_decibels_equal_librosas(sound):
    librosa = pytest.importorskip("librosa")
    power = mel_spectrogram(sound, fs_hz=8000, n_fft=1024, hop=256, n_mels=128)
    assert np.abs(power_to_db(power) - librosa.power_to_db(power, ref=np.max)).max() < 1e-5


def test_short_window_in_longer_transform_equals_librosas(sound):
    librosa = pytest.importorskip("librosa")
    shape = {"n_fft": 256, "n_mels": 32}
    ours = mel_spectrogram(sound, fs_hz=2000, hop=40, low_hz=25, high_hz=1000, window_length=128, **shape)
    theirs = librosa.feature.melspectrogram(
        y=sound, sr=2000, hop_length=40, fmin=25, fmax=1000, win_length=128, **shape
    )
    assert np.abs(ours - theirs).max() <= 5e-7 * theirs.max()


def test_mel_scale_round_trips():
    hz = np.array([0.0, 25.0, 440.0, 999.0, 1000.0, 3999.0])
    assert np.allclose(mel_to_hz(hz_to_mel(hz)), hz)


def test_tone_lands_in_its_own_band():
    tone = np.sin(2 * np.pi * 500 * np.arange(4000) / 2000).astype(np.float32)
    power = mel_spectrogram(tone, fs_hz=2000, n_fft=256, hop=40, n_mels=32, low_hz=25)
    centre_hz = mel_to_hz(np.linspace(hz_to_mel(25), hz_to_mel(1000), 34))[1:-1]
    assert abs(centre_hz[power.mean(axis=1).argmax()] - 500) < 20


@pytest.mark.parametrize(
    "bad", [np.zeros(0), np.zeros((2, 100)), np.array([0.0, np.nan]), np.array([0.0, np.inf])]
)
def test_bad_sound_is_refused(bad):
    with pytest.raises(SignalError):
        mel_spectrogram(bad, fs_hz=2000, n_fft=256, hop=40, n_mels=32)


def test_band_above_half_the_rate_is_refused():
    with pytest.raises(SignalError):
        mel_filterbank(2000, 256, 32, 25, 1500)
