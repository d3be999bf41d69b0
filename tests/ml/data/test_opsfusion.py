import numpy as np
import pytest
import soundfile

from ml.data import opsfusion
from ml.data.opsfusion import (
    OpsfusionConfig,
    fit_length,
    opsfusion_spectrogram,
    read_at,
    spectrogram_of_native,
    trim_silence,
)
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
        theirs = librosa_road(recording.path)
        assert np.abs(opsfusion_spectrogram(read_at(recording.path, 8000), CONFIG) - theirs).max() < 2e-3
        samples, native_hz = soundfile.read(recording.path, dtype="float32")
        assert np.abs(spectrogram_of_native(samples, native_hz, CONFIG) - theirs).max() < 0.01


def test_resampling_the_clip_alone_changes_nothing(physionet_dir):
    short_cuts = []
    for recording in read_recordings(physionet_dir):
        samples, native_hz = soundfile.read(recording.path, dtype="float32")
        short_cuts.append(opsfusion._clip_without_resampling_all(samples, native_hz, CONFIG) is not None)
        whole = opsfusion_spectrogram(read_at(recording.path, 8000), CONFIG)
        assert np.abs(spectrogram_of_native(samples, native_hz, CONFIG) - whole).max() < 0.01
    assert 0 < sum(short_cuts) < len(short_cuts)


def test_a_clip_far_below_the_peak_takes_the_long_way():
    samples = 1e-6 * np.random.default_rng(0).standard_normal(20000).astype(np.float32)
    samples[[0, -1]] = 1.0
    whole = opsfusion_spectrogram(opsfusion.resample_like_librosa(samples, 2000, 8000), CONFIG)
    assert np.abs(spectrogram_of_native(samples, 2000, CONFIG) - whole).max() < 1e-6


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
