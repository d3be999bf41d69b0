import json

import numpy as np
import pytest

from ml.dsp import quality
from ml.dsp.cleaning import check_samples, remove_offset
from ml.dsp.quality import (
    PARAMETERS_FILE,
    READABLE_DURATION_S,
    REASONS,
    USABLE_SCORE,
    assess_quality,
    measure_level,
)
from ml.dsp.quality_features import line_share, quality_features
from ml.dsp.resample import resample
from ml.dsp.signal_path import signal_path
from ml.errors import SignalError
from ml.inference.wording import QUALITY_ADVICE
from tests.ml.inference.sounds import heartbeat

FS_HZ = 2000


def assess(x, fs_hz=FS_HZ):
    x = check_samples(x)
    level = measure_level(x, fs_hz)
    return assess_quality(remove_offset(resample(x, fs_hz, FS_HZ)), level)


@pytest.mark.parametrize("rate_bpm", [45, 60, 80, 110, 150])
@pytest.mark.parametrize("fs_hz", [2000, 44100])
def test_a_clear_heartbeat_is_usable(rate_bpm, fs_hz):
    found = assess(heartbeat(8, fs_hz, rate_bpm, seed=rate_bpm)[0], fs_hz)
    assert found.usable
    assert found.score >= USABLE_SCORE
    assert found.reasons == ()


def test_a_murmur_is_no_bad_quality():
    assert assess(heartbeat(murmur=0.5)[0]).usable


def test_level_alone_does_not_matter():
    x = heartbeat()[0]
    assert assess(0.02 * x).score == pytest.approx(assess(x).score, abs=1e-3)


def test_more_noise_is_worse():
    scores = [assess(heartbeat(noise=noise)[0]).score for noise in (0.01, 0.5, 5.0)]
    assert scores[0] > scores[1] > scores[2]
    assert scores[2] < USABLE_SCORE


def reasons_of(x, fs_hz=FS_HZ):
    found = assess(x, fs_hz)
    assert not found.usable
    assert set(found.reasons) <= set(REASONS)
    return found.reasons


def test_a_short_clip_says_so_and_has_a_score():
    found = assess(heartbeat(READABLE_DURATION_S - 0.1)[0])
    assert found.reasons[0] == "too_short"
    assert 0 < found.score <= 1


def test_two_clear_beats_can_be_read():
    assert assess(heartbeat(READABLE_DURATION_S + 0.2)[0]).usable


def test_silence():
    assert reasons_of(np.zeros(20000)) == ("silent",)
    assert reasons_of(np.full(20000, 0.3)) == ("silent",)


def test_the_last_bits_of_a_converter_are_too_quiet():
    rng = np.random.default_rng(0)
    assert "too_quiet" in reasons_of(rng.integers(-2, 3, 20000) / 32768)


def test_hopeless_clipping():
    assert "clipped" in reasons_of(np.clip(400 * heartbeat(noise=0.02)[0], -1, 1))


def test_hum():
    x = heartbeat()[0]
    hum = 3 * np.sin(2 * np.pi * 50 * np.arange(x.size) / FS_HZ)
    assert "hum" in reasons_of(0.2 * (x + hum))


def test_a_moved_microphone():
    rng = np.random.default_rng(0)
    x = 0.02 * heartbeat()[0] + 0.002 * rng.standard_normal(20000)
    for start in (5000, 8000, 14000):
        bump = np.convolve(rng.standard_normal(1200), np.ones(40) / 40, "same")
        x[start : start + 1200] += np.hanning(1200) * bump
    assert "moved" in reasons_of(x)


def test_noise_is_noisy_and_no_heartbeat():
    assert reasons_of(0.1 * np.random.default_rng(0).standard_normal(20000)) == ("noisy", "not_a_heartbeat")


def test_every_reason_has_advice():
    assert set(QUALITY_ADVICE) == set(REASONS)


def test_features_are_finite_for_anything_that_sounds():
    impulse = np.zeros(2000)
    impulse[5] = 1.0
    square = np.sign(np.sin(np.arange(6000) / 20))
    for x in (impulse, square, heartbeat(1.0)[0].astype(float), np.linspace(-1, 1, 4000)):
        assert np.isfinite(list(quality_features(x).values())).all()


def test_line_share_of_a_tone_and_of_noise():
    t = np.arange(20000) / FS_HZ
    assert line_share(np.sin(2 * np.pi * 100 * t), 50.0) > 0.95
    assert line_share(np.random.default_rng(0).standard_normal(20000), 50.0) < 0.15


def stored():
    return json.loads(PARAMETERS_FILE.read_text())


@pytest.mark.parametrize("unseen", ["unseen_subjects", "unseen_database"])
def test_the_stored_figures_are_those_of_subjects_and_databases_never_seen(unseen):
    clear = stored()["judged"]["clear"][unseen]
    assert clear["e"]["auc"] > {"unseen_subjects": 0.96, "unseen_database": 0.86}[unseen]
    assert clear["b"]["auc"] > {"unseen_subjects": 0.85, "unseen_database": 0.83}[unseen]
    for name in ("b", "e", "all"):
        gap = clear[name]["usable_abnormal_rejected"] - clear[name]["usable_normal_rejected"]
        assert gap < 0.05, "abnormal recordings are turned away more often than normal ones"


def test_few_usable_recordings_are_taken_for_no_heart():
    assert stored()["judged"]["heart"]["false_rejection"]["whole"] < 0.01


@pytest.mark.parametrize("unseen", ["unseen_subjects", "unseen_database"])
def test_no_harmless_change_makes_a_recording_unusable(unseen):
    stress = stored()["judged"]["stress"][unseen]
    assert stress["drowned in noise"]["not_clear"] > 0.3
    for name, figures in stress.items():
        if name != "drowned in noise":
            assert figures["no_heart"] < 0.1, name
            assert figures["normal_rejected"] < 0.15, name


def test_the_index_was_fitted_with_the_segmentation_that_is_installed():
    assert stored()["provenance"]["segmentation_sha256"] == signal_path()["segmentation_sha256"]


def test_missing_parameters_are_named(monkeypatch, tmp_path):
    quality._parameters.cache_clear()
    monkeypatch.setattr(quality, "PARAMETERS_FILE", tmp_path / "quality.json")
    with pytest.raises(SignalError, match=r"quality\.json"):
        assess(heartbeat()[0])
    quality._parameters.cache_clear()
