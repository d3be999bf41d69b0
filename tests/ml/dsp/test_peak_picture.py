"""The picture about the peaks: real time around S1 and S2, the rest stretched, level and colour off."""

import numpy as np
import pytest

from ml.dsp.beat_spectrum import beat_spectrum, quick_centres_hz, quick_weights
from ml.dsp.peak_picture import (
    AFTER_PEAKS_S,
    BEFORE_PEAK_S,
    N_MOMENTS,
    PAUSE_STEPS,
    STEP_S,
    moment_phases,
    moments_s,
    peak_picture,
    peak_shape,
    peak_stack,
)
from ml.dsp.segmentation import segment
from tests.ml.dsp.heart_sounds import FS_HZ, steady

AT_S1 = round(BEFORE_PEAK_S / STEP_S)
N_ABOUT_S1 = AT_S1 + round(AFTER_PEAKS_S[0] / STEP_S)
AT_S2 = N_ABOUT_S1 + PAUSE_STEPS + AT_S1


def spectrum_of(x):
    return beat_spectrum(x, FS_HZ, segment(x, FS_HZ))


@pytest.fixture(scope="module")
def sound():
    return steady(70, 15, noise=0.01)


@pytest.fixture(scope="module")
def spectrum(sound):
    return spectrum_of(sound.x)


def test_every_cycle_is_read_from_its_own_peaks(sound, spectrum):
    when_s = moments_s(spectrum)
    assert when_s.shape == (len(spectrum.cycles), N_MOMENTS)
    assert np.all(np.diff(when_s, axis=1) > 0)
    for column, truth_s in ((AT_S1, sound.s1_s), (AT_S2, sound.s2_s)):
        off_s = np.abs(when_s[:, [column]] - truth_s).min(axis=1)
        assert np.median(off_s) < 0.01
        assert off_s.max() < 0.03
    around_s1 = np.diff(when_s[:, :N_ABOUT_S1], axis=1)
    assert around_s1 == pytest.approx(np.full(around_s1.shape, STEP_S))
    # A step after the last moment of a cycle comes the first of the next one's.
    follows = [k for k in range(len(when_s) - 1) if spectrum.cycles[k].end_s == spectrum.cycles[k + 1].s1_s]
    ends_s = 2 * when_s[follows, -1] - when_s[follows, -2]
    assert np.median(np.abs(ends_s - when_s[np.add(follows, 1), 0])) < 0.02


def test_the_phases_come_in_their_order(spectrum):
    phases = moment_phases(spectrum)
    assert phases.shape == (N_MOMENTS,)
    changes = phases[np.flatnonzero(np.diff(phases, prepend=-1))]
    assert changes.tolist() in ([3, 0, 1, 2, 3], [3, 0, 1, 2, 3, 0])
    assert phases[AT_S1] == 0
    assert phases[AT_S2] == 2


def test_the_sounds_stand_where_their_peaks_are(spectrum):
    picture = peak_picture(spectrum)
    assert picture.shape == peak_shape()
    assert picture.dtype == np.float32
    low = picture[:, quick_centres_hz() < 100, 0].mean(axis=1)
    assert abs(int(low[:N_ABOUT_S1].argmax()) - AT_S1) <= 1
    assert abs(N_ABOUT_S1 + int(low[N_ABOUT_S1:].argmax()) - AT_S2) <= 1
    assert np.abs(picture[:, :, 0].mean(axis=0)).max() < 1e-3
    assert picture[:, :, 2].min() >= 0


def test_a_delay_in_milliseconds_keeps_its_column_whatever_the_rate():
    """A click 60 ms after S1, at 55 and at 110 beats a minute: the same column, not the same share of systole."""
    columns = []
    for bpm in (55, 110):
        sound = steady(bpm, 15, noise=0.005)
        t = np.arange(sound.x.size) / FS_HZ
        clicked = sound.x.copy()
        for at_s in sound.s1_s + 0.06:
            clicked += 0.5 * np.exp(-0.5 * ((t - at_s) / 0.004) ** 2) * np.cos(2 * np.pi * 300 * (t - at_s))
        segmentation = segment(sound.x, FS_HZ)
        plain, with_click = (
            peak_picture(beat_spectrum(x, FS_HZ, segmentation))[:, :, 0] for x in (sound.x, clicked)
        )
        high = (quick_centres_hz() > 200) & (quick_centres_hz() < 450)
        rise = (with_click - plain)[: N_ABOUT_S1 + PAUSE_STEPS, high].mean(axis=1)
        columns.append(int(rise.argmax()))
    assert columns[0] == pytest.approx(AT_S1 + round(0.06 / STEP_S), abs=1)
    assert columns[1] == pytest.approx(columns[0], abs=1)


def test_level_leaves_the_picture_alone(sound, spectrum):
    assert peak_picture(spectrum_of(20 * sound.x)) == pytest.approx(peak_picture(spectrum), abs=2e-3)


def test_a_heart_too_fast_for_a_pause_is_read_all_the_same():
    spectrum = spectrum_of(steady(190, 8, noise=0.01).x)
    assert np.all(np.diff(moments_s(spectrum), axis=1)[:, -PAUSE_STEPS + 1 :] >= 0)
    assert np.isfinite(peak_stack(spectrum)).all()


def test_every_band_has_weight():
    assert quick_weights().sum(axis=0) == pytest.approx(np.ones(quick_centres_hz().size))
