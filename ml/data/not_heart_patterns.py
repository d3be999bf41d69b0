"""Sounds that come again and again and are no heart: strokes, calls, machines that start and stop, beaten patterns.

A heart is known by its rhythm, so what has a rhythm of its own teaches most. The parameters are drawn as widely as
the world has them; only what would be a heart by every measure (two short low sounds a cycle, a systole apart, at a
heart's rate) is left out, since nothing in the sound could tell it.
"""

from __future__ import annotations

import numpy as np

from ml.data.not_heart import coloured_noise, in_band

SYSTOLE_PARTS = (0.2, 0.6)
LOW_PITCH_HZ = 220.0


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _cycle_phase(rng: np.random.Generator, n: int, fs_hz: float, rate_hz: float, jitter: float) -> np.ndarray:
    """(n,) in cycles, rising by one every cycle whose length varies by `jitter`."""
    n_cycles = int(3 * n / fs_hz * rate_hz) + 4
    edges_s = np.cumsum(np.exp(rng.normal(0, jitter, n_cycles)) / rate_hz) - rng.uniform(0, 1) / rate_hz
    return np.interp(np.arange(n) / fs_hz, edges_s, np.arange(n_cycles))


def _random_band(rng: np.random.Generator, n: int, fs_hz: float) -> np.ndarray:
    """Noise of a random band or colour, of unit power."""
    if rng.random() < 0.3:
        noise = coloured_noise(rng, n, fs_hz)
    else:
        low_hz = _log_uniform(rng, 20, 300)
        noise = in_band(
            rng.standard_normal(n), fs_hz, low_hz, min(low_hz * _log_uniform(rng, 1.5, 15), 0.45 * fs_hz)
        )
    return noise / noise.std()


def strokes(rng: np.random.Generator, n: int, fs_hz: float) -> np.ndarray:
    """A brush, a saw, a sleeve, a runner's breath: noise in even strokes, one way or to and fro."""
    phase = _cycle_phase(rng, n, fs_hz, _log_uniform(rng, 0.4, 4), rng.choice([0.01, 0.05, 0.12]))
    swell = np.abs(np.sin(np.pi * phase)) ** _log_uniform(rng, 0.7, 25)
    back = 1 - rng.uniform(0, 0.9) * (phase.astype(int) % 2)
    return _random_band(rng, n, fs_hz) * (swell * back + 10 ** rng.uniform(-3, -1))


def calls(rng: np.random.Generator, n: int, fs_hz: float) -> np.ndarray:
    """A bird, an alarm, a telephone: a tone that glides or trills, in calls that come at even times."""
    t = np.arange(n) / fs_hz
    phase = _cycle_phase(rng, n, fs_hz, _log_uniform(rng, 0.3, 5), rng.choice([0.0, 0.03, 0.15])) % 1
    centre_hz = _log_uniform(rng, 60, 800)
    trill = rng.uniform(0, 0.5) * np.sin(2 * np.pi * _log_uniform(rng, 1, 15) * t)
    glide = rng.uniform(-0.5, 0.5) * phase
    turns = np.cumsum(np.clip(centre_hz * (1 + trill + glide), 20, 0.45 * fs_hz)) / fs_hz
    share = rng.uniform(0.05, 0.7)
    shape = np.clip(np.sin(np.pi * np.clip(phase / share, 0, 1)), 0, 1) ** rng.choice([0.05, 0.5, 2])
    x = np.sin(2 * np.pi * turns) + rng.uniform(0, 0.6) * np.sin(4 * np.pi * turns)
    return x * shape + 10 ** rng.uniform(-4, -1) * _random_band(rng, n, fs_hz)


def switched(rng: np.random.Generator, n: int, fs_hz: float) -> np.ndarray:
    """A ventilator, a pump, a wiper: noise and a tone that start and stop with a cycle, loud or softer."""
    phase = _cycle_phase(rng, n, fs_hz, _log_uniform(rng, 0.15, 4), rng.choice([0.0, 0.02, 0.1])) % 1
    on = (phase < rng.uniform(0.1, 0.8)).astype(float)
    width = max(int(_log_uniform(rng, 0.002, 0.15) * fs_hz), 1)
    on = np.convolve(on, np.ones(width) / width, "same")
    motor = np.sin(2 * np.pi * _log_uniform(rng, 25, 500) * np.arange(n) / fs_hz + rng.uniform(0, 6.28))
    x = _random_band(rng, n, fs_hz) + rng.choice([0.0, 0.5, 2.0]) * motor
    return x * (on + 10 ** rng.uniform(-3, -0.7)) + 10 ** rng.uniform(-3, -1) * _random_band(rng, n, fs_hz)


def cries(rng: np.random.Generator, n: int, fs_hz: float) -> np.ndarray:
    """A child that cries, a dog, snoring: long rough voices, each after a breath."""
    x = np.zeros(n)
    pitch_hz, length_s = _log_uniform(rng, 50, 600), _log_uniform(rng, 0.1, 1.5)
    rest_s, roughness = _log_uniform(rng, 0.1, 1.0), rng.uniform(0, 0.8)
    start = int(rng.uniform(0, 0.5) * fs_hz)
    while start < n:
        length = int(length_s * np.exp(rng.normal(0, 0.2)) * fs_hz) + 2
        s = np.linspace(0, 1, length)
        bend = 1 + rng.uniform(-0.2, 0.4) * np.sin(np.pi * s) + rng.uniform(-0.2, 0.2) * s
        turns = np.cumsum(pitch_hz * bend) / fs_hz
        voice = np.zeros(length)
        for k in range(1, 9):
            if k * pitch_hz * 1.6 < 0.48 * fs_hz:
                voice += rng.uniform(0.2, 1) / k * np.sin(2 * np.pi * k * turns)
        voice *= 1 + roughness * in_band(rng.standard_normal(length), fs_hz, 10, 60) * 3
        x[start : start + length] += (voice * np.sin(np.pi * s) ** rng.uniform(0.3, 1))[: n - start]
        pause = int(rest_s * np.exp(rng.normal(0, 0.2)) * fs_hz) + 2
        breath = rng.uniform(0, 0.3) * _random_band(rng, pause, fs_hz) * np.hanning(pause)
        here = x[start + length : start + length + pause]
        here += breath[: here.size]
        start += length + pause
    return x + 10 ** rng.uniform(-3, -1) * _random_band(rng, n, fs_hz)


def engine(rng: np.random.Generator, n: int, fs_hz: float) -> np.ndarray:
    """Firing pulses of an engine, a purring cat, a drill: many pulses a second through resonances, uneven, swelling."""
    x = np.zeros(n)
    rate_hz = _log_uniform(rng, 5, 60)
    starts = np.cumsum(
        fs_hz / rate_hz * np.exp(rng.normal(0, rng.choice([0.01, 0.1]), int(2 * n / fs_hz * rate_hz)))
    )
    starts = starts[starts < n].astype(int)
    strength = np.tile(rng.uniform(0.3, 1, rng.integers(1, 5)), starts.size)[: starts.size]
    x[starts] = strength * rng.uniform(0.7, 1, starts.size)
    t = np.arange(int(0.2 * fs_hz)) / fs_hz
    ring = sum(
        rng.uniform(0.3, 1) * np.exp(-t / _log_uniform(rng, 0.003, 0.04)) * np.sin(2 * np.pi * hz * t)
        for hz in np.exp(rng.uniform(np.log(30), np.log(600), 3))
    )
    x = np.convolve(x, ring)[:n]
    swell = 1 + rng.uniform(0, 0.9) * np.sin(
        2 * np.pi * _cycle_phase(rng, n, fs_hz, _log_uniform(rng, 0.1, 3), 0.1)
    )
    return x * swell + 10 ** rng.uniform(-2.5, -0.5) * x.std() * _random_band(rng, n, fs_hz)


def tunes(rng: np.random.Generator, n: int, fs_hz: float) -> np.ndarray:
    """One voice or instrument, a note at a time, in even notes: from a bass to a flute, struck or held."""
    x = np.zeros(n)
    note_s, root_hz = _log_uniform(rng, 0.12, 0.9), _log_uniform(rng, 40, 350)
    decay_s, overtones = _log_uniform(rng, 0.05, 1.0), rng.integers(1, 5)
    held, rest_share = rng.random() < 0.3, rng.uniform(0, 0.3)
    for start in range(0, n, max(int(note_s * fs_hz), 1)):
        if rng.random() < rest_share:
            continue
        length = min(int(note_s * rng.uniform(0.7, 1.0) * fs_hz) + 1, n - start)
        t = np.arange(length) / fs_hz
        pitch_hz = root_hz * 2 ** (rng.integers(0, 20) / 12)
        shape = np.sin(np.pi * np.arange(length) / length) ** 0.3 if held else np.exp(-t / decay_s)
        for k in range(1, overtones + 1):
            if k * pitch_hz < 0.48 * fs_hz:
                x[start : start + length] += shape / k * np.sin(2 * np.pi * k * pitch_hz * t)
    return x + 10 ** rng.uniform(-4, -1) * _random_band(rng, n, fs_hz)


def patterns(rng: np.random.Generator, n: int, fs_hz: float) -> np.ndarray:
    """Struck events in a repeating pattern: a metronome, wheels on rails, typing, a drum, a dripping tap, gravel."""
    rate_hz = _log_uniform(rng, 0.4, 4)
    at, pitches_hz = _pattern(rng)
    decays_s = [_log_uniform(rng, 0.003, 0.12) for _ in at]
    while _is_a_heart(at, pitches_hz, decays_s, rate_hz):
        at, pitches_hz = _pattern(rng)
        decays_s = [_log_uniform(rng, 0.003, 0.12) for _ in at]
    texture = float(rng.choice([0.0, 0.5, 3.0])), float(rng.choice([0.0, 0.003, 0.015]))
    levels = rng.uniform(0.3, 1, len(at))
    same_each_time, jitter = rng.random() < 0.4, rng.choice([0.0, 0.02, 0.06, 0.2])
    strikes = [_strike(rng, fs_hz, hz, s, texture) for hz, s in zip(pitches_hz, decays_s, strict=True)]
    x, start_s = np.zeros(n), rng.uniform(0, 1)
    while start_s < n / fs_hz:
        for k, part in enumerate(at):
            if not same_each_time:
                strikes[k] = _strike(rng, fs_hz, pitches_hz[k] * rng.uniform(0.9, 1.1), decays_s[k], texture)
            first = int((start_s + part / rate_hz * np.exp(rng.normal(0, jitter))) * fs_hz)
            if first < n:
                piece = strikes[k][: n - first]
                x[first : first + piece.size] += levels[k] * np.exp(rng.normal(0, 0.15)) * piece
        start_s += np.exp(rng.normal(0, jitter)) / rate_hz
    return x + 10 ** rng.uniform(-3.5, -0.7) * max(x.std(), 1e-3) * _random_band(rng, n, fs_hz)


def _pattern(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Parts of a cycle at which something is struck (the first 0), and its pitches."""
    n_events = rng.choice([1, 1, 2, 2, 3, 4])
    at = np.r_[0.0, np.sort(rng.uniform(0.05, 0.95, n_events - 1))]
    return at, np.exp(rng.uniform(np.log(30), np.log(800), n_events))


def _is_a_heart(at: np.ndarray, pitches_hz: np.ndarray, decays_s: list[float], rate_hz: float) -> bool:
    """Two short low sounds a cycle, a systole apart, at the rate of a heart."""
    if len(at) != 2:
        return False
    apart = SYSTOLE_PARTS[0] < min(at[1], 1 - at[1]) < SYSTOLE_PARTS[1]
    return bool(apart and max(pitches_hz) < LOW_PITCH_HZ and max(decays_s) < 0.08 and 0.6 < rate_hz < 3.2)


def _strike(
    rng: np.random.Generator, fs_hz: float, pitch_hz: float, decay_s: float, texture: tuple[float, float]
) -> np.ndarray:
    """One event: a ringing tone, a burst of noise around its pitch, or both; texture : how noisy, seconds to rise."""
    noisiness, rise_s = texture
    t = np.arange(int((5 * decay_s + rise_s) * fs_hz) + 2) / fs_hz
    noise = in_band(rng.standard_normal(t.size), fs_hz, pitch_hz / 2, min(pitch_hz * 3, 0.45 * fs_hz))
    x = np.sin(2 * np.pi * pitch_hz * t + rng.uniform(0, 6.28)) + noisiness * noise / max(noise.std(), 1e-9)
    shape = np.exp(-t / decay_s)
    return x * shape * (np.clip(t / rise_s, 0, 1) if rise_s else 1.0)
