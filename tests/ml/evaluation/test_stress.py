import numpy as np
import pytest

from ml.evaluation.stress import STRESSES, short_clip

FS_HZ = 2000


@pytest.fixture
def sound():
    rng = np.random.default_rng(0)
    time_s = np.arange(8 * FS_HZ) / FS_HZ
    beat = (np.sin(2 * np.pi * 1.2 * time_s) > 0.9) * np.sin(2 * np.pi * 50 * time_s)
    return (0.4 * beat + 0.01 * rng.standard_normal(len(time_s))).astype(np.float32)


@pytest.mark.parametrize("name", STRESSES)
def test_each_keeps_rate_and_length_and_is_reproducible(name, sound):
    first = STRESSES[name](sound, FS_HZ, np.random.default_rng(1))
    again = STRESSES[name](sound, FS_HZ, np.random.default_rng(1))
    assert first.shape == sound.shape
    assert first.dtype == np.float32
    assert np.isfinite(first).all()
    assert np.array_equal(first, again)
    assert (name == "unchanged") == np.array_equal(first, sound)


def test_noise_has_its_ratio(sound):
    for name, snr_db in (
        ("noise, 10 dB", 10),
        ("noise, 0 dB", 0),
        ("speech, 10 dB", 10),
        ("speech, 0 dB", 0),
    ):
        added = STRESSES[name](sound, FS_HZ, np.random.default_rng(1)) - sound
        assert 20 * np.log10(sound.std() / added.std()) == pytest.approx(snr_db, abs=0.3)


def test_high_pass_weakens_a_low_beat(sound):
    assert STRESSES["high-pass 150 Hz"](sound, FS_HZ, np.random.default_rng(1)).std() < 0.3 * sound.std()


def test_a_short_clip_is_a_piece_of_its_length(sound):
    clips = [short_clip(2.0, 3.0)(sound, FS_HZ, np.random.default_rng(seed)) for seed in range(20)]
    assert all(2 * FS_HZ <= len(clip) <= 3 * FS_HZ for clip in clips)
    assert len({len(clip) for clip in clips}) > 10
    starts = [
        np.flatnonzero(np.lib.stride_tricks.sliding_window_view(sound, 50)[:, 0] == clip[0]) for clip in clips
    ]
    for clip, own in zip(clips, starts, strict=True):
        assert any(np.array_equal(sound[start : start + len(clip)], clip) for start in own)


def test_a_recording_shorter_than_a_clip_stays_whole(sound):
    assert len(short_clip(2.0, 3.0)(sound[:3000], FS_HZ, np.random.default_rng(0))) == 3000
