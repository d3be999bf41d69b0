"""Segmentation: known instants are found, in order, at every rate; noise is not believed."""

import json

import numpy as np
import pytest

from ml.dsp.cycles import DIASTOLE, S1, S2, SYSTOLE
from ml.dsp.segmentation import FRAME_S, PARAMETERS_FILE, segment
from ml.errors import SignalError
from tests.ml.dsp.heart_sounds import FS_HZ, heart_sound, steady


def share_found(found_s, true_s, tolerance_s=0.05):
    return np.mean([np.min(np.abs(found_s - t), initial=9) <= tolerance_s for t in true_s])


@pytest.mark.parametrize("bpm", [42, 55, 72, 90, 110, 130])
def test_s1_and_s2_are_found_and_not_exchanged(bpm):
    sound = steady(bpm)
    found = segment(sound.x, FS_HZ)
    assert share_found(found.s1_times_s, sound.s1_s) > 0.95
    assert share_found(sound.s1_s, found.s1_times_s) > 0.95
    assert share_found(found.s2_times_s, sound.s2_s) > 0.95


def test_states_follow_each_other_and_cover_every_frame():
    found = segment(steady(72).x, FS_HZ)
    states = found.states
    changes = np.flatnonzero(np.diff(states))
    assert np.all((states[changes + 1] - states[changes]) % 4 == 1)
    assert set(states.tolist()) == {S1, SYSTOLE, S2, DIASTOLE}
    assert states.size == found.frame_confidence.size == steady(72).x.size // int(FRAME_S * FS_HZ)


def test_cycles_are_whole_ordered_and_as_long_as_the_beats():
    found = segment(steady(75).x, FS_HZ)
    for cycle in found.cycles:
        assert cycle.s1_s < cycle.systole_s < cycle.s2_s < cycle.diastole_s < cycle.end_s
    assert np.median([c.end_s - c.s1_s for c in found.cycles]) == pytest.approx(0.8, abs=0.03)


def test_an_irregular_rhythm_is_followed():
    random = np.random.default_rng(3)
    sound = heart_sound(random.uniform(0.5, 1.2, 18))
    found = segment(sound.x, FS_HZ)
    assert share_found(found.s1_times_s, sound.s1_s) > 0.9
    assert share_found(sound.s1_s, found.s1_times_s) > 0.9


@pytest.mark.parametrize("duration_s", [2.0, 2.5, 3.0])
def test_a_short_clip_is_segmented(duration_s):
    sound = steady(70)
    found = segment(sound.x[: int(duration_s * FS_HZ)], FS_HZ)
    inside = sound.s1_s[sound.s1_s < duration_s - 0.15]
    assert share_found(found.s1_times_s, inside) == 1
    assert len(found.cycles) >= 1


def test_level_offset_and_colour_do_not_matter():
    sound = steady(80)
    usual = segment(sound.x, FS_HZ)
    spectrum = np.fft.rfft(sound.x)
    tilt = 10 ** (np.linspace(0.3, -0.3, spectrum.size) * 3)
    other = segment(1e-3 * np.fft.irfft(spectrum * tilt, sound.x.size) + 0.5, FS_HZ)
    assert share_found(other.s1_times_s, usual.s1_times_s) > 0.95


def test_noise_is_less_believed_than_beats():
    noise = [
        segment(np.random.default_rng(seed).standard_normal(30000), FS_HZ).confidence for seed in range(6)
    ]
    beats = [segment(steady(bpm).x, FS_HZ).confidence for bpm in (50, 65, 80, 100)]
    assert max(noise) < min(beats) - 0.15


@pytest.mark.parametrize("x", [np.zeros(30000), np.full(30000, 0.3)])
def test_silence_gives_an_answer_without_warnings(x):
    assert segment(x, FS_HZ).states.size == 750


def test_bad_input_is_named():
    for x, fs_hz, code in (
        (np.zeros(30000), 8000, "signal.rate"),
        (np.zeros(500), 2000, "signal.too_short"),
        (np.zeros((2, 4000)), 2000, "signal.shape"),
    ):
        with pytest.raises(SignalError) as caught:
            segment(x, fs_hz)
        assert caught.value.code == code


def test_the_same_sound_gives_the_same_answer():
    x = steady(66).x
    assert np.array_equal(segment(x, FS_HZ).s1_times_s, segment(x.copy(), FS_HZ).s1_times_s)


def test_parameters_are_small_and_complete():
    assert PARAMETERS_FILE.stat().st_size < 400_000
    stored = json.loads(PARAMETERS_FILE.read_text())
    assert sum(stored["state_share"]) == pytest.approx(1, abs=0.01)


def test_half_a_second_of_noise_is_segmented_somehow():
    """Its autocorrelation may have no peak above zero."""
    rng = np.random.default_rng(0)
    for _ in range(30):
        assert segment(rng.standard_normal(1000), 2000).states.size == 25
