import numpy as np
import pytest

from ml.data.opsfusion import OpsfusionConfig, fit_length, opsfusion_spectrogram, read_at, trim_silence
from ml.data.physionet import read_recordings
from ml.errors import SignalError

CONFIG = OpsfusionConfig()


def librosa_road(path):
    """The original system's preprocessing, as librosa does it."""
    librosa = pytest.importorskip("librosa")
    samples, _ = librosa.load(path, sr=8000, mono=True)
    samples, _ = librosa.effects.trim(samples, top_db=20)
    samples = samples / np.abs(samples).max()
    samples = fit_length(samples, 40000)
    power = librosa.feature.melspectrogram(y=samples, sr=8000, n_fft=1024, hop_length=256, n_mels=128)
    return librosa.power_to_db(power, ref=np.max)


def test_shape_is_the_original_systems():
    assert CONFIG.shape == (128, 157)


def test_synthetic_recordings_equal_librosas(physionet_dir):
    for recording in read_recordings(physionet_dir)[:6]:
        ours = opsfusion_spectrogram(read_at(recording.path, 8000), CONFIG)
        assert ours.shape == CONFIG.shape
        assert np.abs(ours - librosa_road(recording.path)).max() < 2e-3


def test_real_recordings_equal_librosas(real_data):
    for recording in read_recordings(real_data)[::200]:
        ours = opsfusion_spectrogram(read_at(recording.path, 8000), CONFIG)
        assert np.abs(ours - librosa_road(recording.path)).max() < 2e-3


@pytest.mark.parametrize("n_samples", [300, 512, 2047, 2048, 5000, 40001])
def test_trim_equals_librosas(n_samples):
    librosa = pytest.importorskip("librosa")
    rng = np.random.default_rng(n_samples)
    samples = (rng.standard_normal(n_samples) * np.hanning(n_samples) ** 4).astype(np.float32)
    assert np.array_equal(trim_silence(samples, 20.0), librosa.effects.trim(samples, top_db=20)[0])


def test_trim_of_silence_keeps_all():
    assert len(trim_silence(np.zeros(5000, dtype=np.float32), 20.0)) == 5000
    with pytest.raises(SignalError):
        trim_silence(np.zeros(0, dtype=np.float32), 20.0)


def test_fit_length_crops_and_pads_centrally():
    assert fit_length(np.arange(7.0), 3).tolist() == [2, 3, 4]
    assert fit_length(np.arange(1.0, 3.0), 5).tolist() == [0, 1, 2, 0, 0]


def test_range_is_eighty_decibels_below_the_loudest():
    rng = np.random.default_rng(0)
    spectrogram = opsfusion_spectrogram(rng.standard_normal(50000).astype(np.float32), CONFIG)
    assert spectrogram.max() == 0
    assert spectrogram.min() >= -80
