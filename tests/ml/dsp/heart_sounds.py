"""Synthetic heart sounds with known instants, for tests that must know the answer."""

from dataclasses import dataclass

import numpy as np

FS_HZ = 2000


@dataclass(frozen=True)
class HeartSound:
    x: np.ndarray
    s1_s: np.ndarray
    s2_s: np.ndarray


def systole_s(rr_s):
    """S1 to S2; the root law holds from an adult's rest to an infant's rate."""
    return 0.31 * np.sqrt(np.asarray(rr_s))


def heart_sound(rr_s, *, seed=0, s2_level=0.7, noise=0.02, start_s=0.35, tail_s=0.3):
    """Beats at the intervals `rr_s`; levels relative to S1; `noise` is the standard deviation of low-passed noise."""
    random = np.random.default_rng(seed)
    rr_s = np.asarray(rr_s, float)
    s1_s = start_s + np.r_[0, np.cumsum(rr_s)]
    s2_s = s1_s + systole_s(np.r_[rr_s, rr_s[-1]])
    t = np.arange(int((s2_s[-1] + tail_s) * FS_HZ)) / FS_HZ
    white = random.standard_normal(t.size)
    x = noise * np.convolve(white, np.ones(4) / 2, "same")
    for times, level, pitch_hz, width_s in ((s1_s, 1.0, 45, 0.025), (s2_s, s2_level, 62, 0.018)):
        for at in times:
            gain = level * random.uniform(0.85, 1.15)
            x += gain * np.exp(-0.5 * ((t - at) / width_s) ** 2) * np.cos(2 * np.pi * pitch_hz * (t - at))
    return HeartSound(x, s1_s, s2_s)


def steady(bpm, duration_s=15.0, jitter=0.02, **kwargs):
    """A regular rhythm with a little natural variation."""
    random = np.random.default_rng(int(bpm))
    rr_s = 60 / bpm * (1 + jitter * random.standard_normal(max(3, int(duration_s * bpm / 60))))
    return heart_sound(rr_s, **kwargs)
