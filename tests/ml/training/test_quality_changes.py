"""What the quality index is stressed with does to the sound what its name says."""

import numpy as np
import pytest

from ml.dsp.cycles import DIASTOLE, SYSTOLE
from ml.dsp.segmentation import segment
from ml.training import quality_changes as change
from tests.ml.inference.sounds import heartbeat

FS_HZ = 2000


@pytest.fixture(scope="module")
def heart():
    return heartbeat(8)[0].astype(np.float64)


def band_level(x, low_hz, high_hz):
    frequency_hz = np.fft.rfftfreq(x.size, 1 / FS_HZ)
    power = np.abs(np.fft.rfft(x)) ** 2
    return power[(frequency_hz >= low_hz) & (frequency_hz < high_hz)].sum()


def test_a_cut_is_a_piece_of_the_length_asked(heart):
    piece = change.cut(np.random.default_rng(0), heart, 2.0, 3.0)
    assert 2.0 * FS_HZ <= piece.size <= 3.0 * FS_HZ
    starts = [i for i in range(heart.size - piece.size + 1) if heart[i] == piece[0]]
    assert any(np.array_equal(heart[i : i + piece.size], piece) for i in starts)
    assert change.cut(np.random.default_rng(0), heart[:1000], 2.0, 3.0).size == 1000


@pytest.mark.parametrize("fs_hz", [4000, 8000, 44100])
def test_another_rate_and_back_keeps_what_lies_below_its_edge(heart, fs_hz):
    again = change.at_rate(heart, fs_hz)[: heart.size]
    assert np.abs(again - heart)[100:-100].max() < 0.02 * np.abs(heart).max()


def test_a_high_pass_takes_the_lows(heart):
    passed = change.high_passed(heart, 100.0)
    assert band_level(passed, 20, 50) < 0.1 * band_level(heart, 20, 50)
    assert band_level(passed, 200, 400) > 0.8 * band_level(heart, 200, 400)


def test_a_gate_silences_between_the_sounds_and_keeps_them(heart):
    gated = change.gated(heart, 0.15)
    assert np.mean(gated == 0) > 0.2
    assert np.abs(gated).max() > 0.95 * np.abs(heart).max()


def test_a_murmur_fills_systole_at_the_level_asked(heart):
    loud = change.murmured(np.random.default_rng(0), heart, 1.0, low_hz=100.0, high_hz=400.0)
    states = np.repeat(segment(heart, FS_HZ).states, FS_HZ // 50)[: heart.size]
    added = (loud - heart)[: states.size]
    in_systole, in_diastole = added[states == SYSTOLE], added[states == DIASTOLE]
    assert in_systole.std() > 5 * in_diastole.std()
    first_sounds = heart[: states.size][states == 0]
    assert in_systole.std() == pytest.approx(first_sounds.std(), rel=0.4)


def test_noise_lies_at_the_ratio_asked(heart):
    rng = np.random.default_rng(0)
    added = change.noised(heart, rng.standard_normal(heart.size), -6.0) - heart
    assert 20 * np.log10(heart.std() / added.std()) == pytest.approx(-6.0, abs=0.01)


def test_a_level_is_stored_in_sixteen_bits(heart):
    quiet = change.at_level(heart, 0.01)
    assert np.abs(quiet).max() == pytest.approx(0.01, rel=0.01)
    assert np.array_equal(quiet * 32768, np.round(quiet * 32768))
