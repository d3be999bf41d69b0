"""Phase features and beat images: shape, names, and that level, device colour and length leave them alone."""

import numpy as np
import pytest

from ml.dsp.beat_image import N_PHASES, PHASE_BINS, beat_image, beat_stack, image_shape, mel_beat_image
from ml.dsp.beat_spectrum import N_BANDS, band_weights, beat_spectrum, mel_centres_hz
from ml.dsp.phase_features import phase_feature_names, phase_features
from ml.dsp.segmentation import segment
from ml.errors import SignalError
from tests.ml.dsp.heart_sounds import FS_HZ, steady

NAMES = phase_feature_names()
SOUND = steady(70, 20, noise=0.03)


def spectrum_of(x):
    return beat_spectrum(x, FS_HZ, segment(x, FS_HZ))


def with_murmur(sound, low_hz=120, high_hz=220, level=0.25):
    random = np.random.default_rng(5)
    frequencies = np.fft.rfftfreq(sound.x.size, 1 / FS_HZ)
    noise = np.fft.rfft(random.standard_normal(sound.x.size))
    noise[(frequencies < low_hz) | (frequencies > high_hz)] = 0
    noise = np.fft.irfft(noise, sound.x.size)
    t = np.arange(sound.x.size) / FS_HZ
    inside = np.zeros(t.size)
    for s1, s2 in zip(sound.s1_s, sound.s2_s, strict=True):
        inside[(t > s1 + 0.07) & (t < s2 - 0.05)] = 1
    return sound.x + level * noise / noise.std() * inside


def test_every_feature_has_a_name_and_is_finite():
    row = phase_features(spectrum_of(SOUND.x))
    assert row.shape == (len(NAMES),)
    assert len(set(NAMES)) == len(NAMES)
    assert np.all(np.isfinite(row))
    assert row.dtype == np.float32


def test_a_systolic_murmur_shows_in_systole_at_its_pitch():
    change = phase_features(spectrum_of(with_murmur(SOUND))) - phase_features(spectrum_of(SOUND.x))
    rise = {
        name: change[i] for i, name in enumerate(NAMES) if name.startswith("sys-dia_") and name.endswith("Hz")
    }
    pitch = float(max(rise, key=rise.get).removeprefix("sys-dia_").removesuffix("Hz"))
    assert 110 < pitch < 240
    assert max(rise.values()) > 1.5
    assert change[NAMES.index("rr_s")] == pytest.approx(0, abs=0.03)


def test_level_does_not_matter_at_all():
    louder = beat_image(spectrum_of(20 * SOUND.x))
    assert louder == pytest.approx(beat_image(spectrum_of(SOUND.x)), abs=1e-3)


def test_device_colour_cancels():
    spectrum = np.fft.rfft(SOUND.x)
    tilt = 10 ** (4 * np.sin(np.linspace(0, 6, spectrum.size)) / 20)  # +-4 dB
    coloured = phase_features(spectrum_of(np.fft.irfft(spectrum * tilt, SOUND.x.size)))
    plain = phase_features(spectrum_of(SOUND.x))
    differences = [
        i
        for i, name in enumerate(NAMES)
        if name.startswith(("sys-dia_", "sys_", "dia_")) and "spread" not in name
    ]
    # 4 dB are 0.92 nepers; the common floor, which is meant not to follow the colour, leaves a little in a few.
    assert np.median(np.abs(coloured - plain)[differences]) < 0.1
    assert np.quantile(np.abs(coloured - plain)[differences], 0.9) < 0.4


def test_length_hardly_matters():
    whole, half = (
        phase_features(spectrum_of(SOUND.x)),
        phase_features(spectrum_of(SOUND.x[: SOUND.x.size // 2])),
    )
    medians = [i for i, name in enumerate(NAMES) if name.startswith("sys-dia_")]
    assert np.median(np.abs(whole - half)[medians]) < 0.3


def test_image_has_the_sounds_where_the_phases_say():
    image = beat_image(spectrum_of(SOUND.x))
    assert image.shape == image_shape() == (N_PHASES, N_BANDS, 3)
    low_bands = image[:, :10, 0].mean(axis=1)
    s1, systole, s2, diastole = np.split(low_bands, np.cumsum(PHASE_BINS)[:-1])
    assert min(s1.mean(), s2.mean()) > max(systole.mean(), diastole.mean()) + 1
    assert np.abs(image[:, :, 0].mean(axis=0)).max() < 1e-3
    assert image[:, :, 2].min() >= 0


def test_stack_has_one_layer_per_cycle():
    spectrum = spectrum_of(SOUND.x)
    assert beat_stack(spectrum).shape == (len(spectrum.cycles), N_PHASES, N_BANDS)


def test_every_band_has_weight():
    assert band_weights().sum(axis=0) == pytest.approx(np.ones(N_BANDS))


def test_no_cycle_is_an_error_with_a_name():
    x = SOUND.x[: FS_HZ * 6 // 10]
    with pytest.raises(SignalError) as caught:
        beat_spectrum(x, FS_HZ, segment(x, FS_HZ))
    assert caught.value.code == "signal.no_cycle"


def test_on_the_mel_scale_a_murmur_shows_at_its_pitch_and_colour_and_level_leave_the_picture_alone():
    plain = mel_beat_image(spectrum_of(SOUND.x))
    assert plain.shape == image_shape()
    systole = slice(PHASE_BINS[0] + 1, PHASE_BINS[0] + PHASE_BINS[1] - 1)
    rise = (mel_beat_image(spectrum_of(with_murmur(SOUND, 250, 350))) - plain)[systole, :, 0].mean(axis=0)
    assert 240 < mel_centres_hz()[rise.argmax()] < 360
    assert mel_beat_image(spectrum_of(20 * SOUND.x)) == pytest.approx(plain, abs=1e-3)
    assert np.all(
        np.diff(np.diff(mel_centres_hz())) == pytest.approx(0, abs=1e-9)
    )  # Slaney: linear below 1 kHz
