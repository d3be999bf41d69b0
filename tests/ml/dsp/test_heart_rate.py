"""Heart rate: 30 to 220/min, neither halved nor doubled, silent on noise, irregular where it jumps."""

import numpy as np
import pytest

from ml.dsp.heart_rate import rate_from_envelope, rate_from_segmentation
from ml.dsp.segmentation import segment
from tests.ml.dsp.heart_sounds import FS_HZ, heart_sound, steady

RATES_BPM = [35, 42, 50, 60, 72, 85, 100, 120, 140, 160]


def rate_of(x):
    return rate_from_segmentation(segment(x, FS_HZ))


def live_rate_of(x, frame_rate_hz=100):
    hop = FS_HZ // frame_rate_hz
    power = (x[: x.size // hop * hop].reshape(-1, hop) ** 2).mean(axis=1)
    return rate_from_envelope(np.convolve(power, np.ones(5) / 5, "same"), frame_rate_hz)


@pytest.mark.parametrize("s2_level", [0.4, 1.0, 1.5])
@pytest.mark.parametrize("bpm", RATES_BPM)
def test_rate_is_neither_halved_nor_doubled(bpm, s2_level):
    assert rate_of(steady(bpm, s2_level=s2_level).x).bpm == pytest.approx(bpm, abs=max(3, 0.03 * bpm))


@pytest.mark.parametrize("bpm", [180, 200, 215])
def test_a_childs_rate_is_right_or_withheld(bpm):
    found = rate_of(steady(bpm, s2_level=0.6).x)
    assert found.bpm is None or found.bpm == pytest.approx(bpm, rel=0.04)


@pytest.mark.parametrize("bpm", RATES_BPM)
def test_live_rate(bpm):
    assert live_rate_of(steady(bpm, 10, s2_level=0.6).x).bpm == pytest.approx(bpm, abs=max(3, 0.03 * bpm))


@pytest.mark.parametrize("seed", range(8))
def test_noise_has_no_rate(seed):
    noise = np.random.default_rng(seed).standard_normal(15 * FS_HZ)
    assert rate_of(noise).bpm is None
    assert live_rate_of(noise).bpm is None


def test_silence_has_no_rate():
    assert live_rate_of(np.zeros(20000)).bpm is None
    assert rate_from_envelope(np.zeros(3), 100).bpm is None


@pytest.mark.parametrize("seed", range(4))
def test_fibrillation_is_irregular_with_a_range(seed):
    found = rate_of(heart_sound(np.random.default_rng(seed).uniform(0.45, 1.15, 20)).x)
    assert found.irregular
    assert found.low_bpm < found.bpm < found.high_bpm
    assert found.high_bpm - found.low_bpm > 20


@pytest.mark.parametrize("bpm", [55, 75, 100])
def test_breathing_is_not_irregular(bpm):
    beats = np.arange(20)
    rr_s = 60 / bpm * (1 + 0.1 * np.sin(2 * np.pi * beats * 60 / bpm / 4.5))
    found = rate_of(heart_sound(rr_s).x)
    assert not found.irregular
    assert found.bpm == pytest.approx(60 / np.median(rr_s), abs=4)


def test_too_few_beats_have_no_rate():
    assert rate_of(steady(60).x[: int(1.2 * FS_HZ)]).bpm is None
