"""Sounds of events that are no heart (knocks, steps, rubbing), and real hearts taken apart; and the list of all makers.

What resembles a heart most teaches most: a heart's own sound whose order in time was destroyed has its colour and its
bursts, but no beat.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ml.data import not_heart
from ml.data.not_heart import coloured_noise, in_band

Maker = Callable[[np.random.Generator, int, float], np.ndarray]
Changer = Callable[[np.random.Generator, np.ndarray, float], np.ndarray]


def bumps(rng: np.random.Generator, n: int, fs_hz: float) -> np.ndarray:
    """Handling noise: low bumps and rubbing at irregular times."""
    x = np.zeros(n)
    start = 0
    while start < n:
        length = int(rng.uniform(0.05, 0.9) * fs_hz)
        piece = in_band(rng.standard_normal(length), fs_hz, 15, rng.uniform(60, 500))
        piece *= np.hanning(length) * 10 ** rng.uniform(-1, 0.5)
        x[start : start + length] += piece[: n - start]
        start += int(rng.exponential(rng.uniform(0.3, 1.5)) * fs_hz) + 1
    return x + 10 ** rng.uniform(-2.5, -1) * x.std() * coloured_noise(rng, n, fs_hz)


def rubbing(rng: np.random.Generator, n: int, fs_hz: float) -> np.ndarray:
    """Cloth drawn over the microphone to and fro: hiss that follows a hand's irregular strokes."""
    strokes = np.zeros(n)
    start, stroke_s = 0, rng.uniform(0.15, 1.2)
    while start < n:
        length = int(stroke_s * np.exp(rng.normal(0, 0.3)) * fs_hz) + 2
        piece = np.sin(np.pi * np.arange(length) / length) ** rng.uniform(0.5, 3) * rng.uniform(0.3, 1)
        strokes[start : start + length] = piece[: n - start]
        start += length + int(rng.uniform(0, 0.3) * stroke_s * fs_hz)
    low_hz = rng.uniform(20, 150)
    hiss = in_band(rng.standard_normal(n), fs_hz, low_hz, min(low_hz * rng.uniform(2, 12), 0.45 * fs_hz))
    return hiss / hiss.std() * (strokes + rng.uniform(0.01, 0.15))


def knocks(rng: np.random.Generator, n: int, fs_hz: float) -> np.ndarray:
    """Knocks, claps or a hammer at the rate of a heart, one a cycle, as evenly as a person keeps time."""
    pitch_hz, decay_s = rng.uniform(30, 400), rng.uniform(0.004, 0.06)
    return _events(
        rng, n, fs_hz, rate_bpm=rng.uniform(40, 180), offsets_s=(0.0,), pitches_hz=(pitch_hz,), decay_s=decay_s,
        jitter=rng.uniform(0.01, 0.15),
    )  # fmt: skip


def steps(rng: np.random.Generator, n: int, fs_hz: float) -> np.ndarray:
    """Footsteps: heel and toe, or left and right foot, with the shuffle of a sole."""
    decay_s = rng.uniform(0.01, 0.08)
    toe_s = rng.uniform(0.06, 0.3)
    pitches_hz = rng.uniform(25, 250, 2)
    x = _events(
        rng, n, fs_hz, rate_bpm=rng.uniform(50, 190), offsets_s=(0.0, toe_s), pitches_hz=tuple(pitches_hz),
        decay_s=decay_s, jitter=rng.uniform(0.03, 0.15),
    )  # fmt: skip
    return x + rng.uniform(0, 0.4) * x.std() * rubbing(rng, n, fs_hz)


def _events(
    rng: np.random.Generator,
    n: int,
    fs_hz: float,
    *,
    rate_bpm: float,
    offsets_s: tuple[float, ...],
    pitches_hz: tuple[float, ...],
    decay_s: float,
    jitter: float,
) -> np.ndarray:
    """Decaying bursts, half tone and half noise, each different, at `offsets_s` after every jittered cycle's start."""
    x = np.zeros(n)
    t = np.arange(int(6 * decay_s * fs_hz) + 1) / fs_hz
    start_s = rng.uniform(0, 1)
    while start_s < n / fs_hz:
        for offset_s, pitch_hz in zip(offsets_s, pitches_hz, strict=True):
            first = int((start_s + offset_s * np.exp(rng.normal(0, jitter))) * fs_hz)
            tone = np.sin(2 * np.pi * pitch_hz * rng.uniform(0.85, 1.2) * t + rng.uniform(0, 6.28))
            noise = in_band(rng.standard_normal(t.size), fs_hz, pitch_hz / 2, pitch_hz * 3)
            burst = (tone + rng.uniform(0, 1.5) * noise / max(noise.std(), 1e-9)) * np.exp(-t / decay_s)
            if first < n:
                x[first : first + t.size] += rng.uniform(0.3, 1) * burst[: n - first]
        start_s += 60 / rate_bpm * np.exp(rng.normal(0, jitter))
    floor = coloured_noise(rng, n, fs_hz)
    return x + 10 ** rng.uniform(-3, -0.7) * x.std() * floor / floor.std()


def shuffled(rng: np.random.Generator, x: np.ndarray, fs_hz: float) -> np.ndarray:
    """A heart's sound `x` (n_samples,) in pieces shorter than a phase, put together in random order."""
    length = int(rng.uniform(0.04, 0.2) * fs_hz)
    pieces = x[: x.size // length * length].reshape(-1, length).copy()
    ramp = np.minimum(1.0, np.minimum(np.arange(length), np.arange(length)[::-1]) / max(0.1 * length, 1))
    return (rng.permutation(pieces) * ramp).ravel()


def levelled(rng: np.random.Generator, x: np.ndarray, fs_hz: float) -> np.ndarray:
    """Steady noise with the spectrum of a heart's sound `x`: only its beat is missing."""
    spectrum = np.abs(np.fft.rfft(x))
    return np.fft.irfft(spectrum * np.exp(2j * np.pi * rng.random(spectrum.size)), x.size)


def swelling(rng: np.random.Generator, x: np.ndarray, fs_hz: float) -> np.ndarray:
    """Noise with the spectrum of a heart's sound `x` that swells and falls without a rhythm, a few times a second."""
    wander = in_band(rng.standard_normal(x.size), fs_hz, 0.2, rng.uniform(0.7, 8))
    return levelled(rng, x, fs_hz) * np.exp(rng.uniform(0.4, 1.6) * wander / wander.std())


FAMILIES: dict[str, tuple[Maker, ...]] = {
    "steady noise": (not_heart.coloured_noise, not_heart.band_noise),
    "swelling noise": (not_heart.swelling_noise,),
    "rubbing": (rubbing,),
    "hum": (not_heart.hum, not_heart.beating_hum),
    "tone": (not_heart.tone,),
    "music": (not_heart.music,),
    "speech": (not_heart.speech,),
    "lungs": (not_heart.lungs,),
    "crackles": (not_heart.crackles,),
    "bumps": (bumps,),
    "knocks": (knocks,),
    "steps": (steps,),
    "machine": (not_heart.machine,),
    "digital": (not_heart.digital,),
}
CHANGERS: dict[str, Changer] = {"shuffled": shuffled, "levelled": levelled, "swelling": swelling}
