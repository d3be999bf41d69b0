"""Sounds that are no heart, synthesised to teach the quality index what to refuse.

These are steady, tonal or spoken; `not_heart_events` makes knocks, steps and rubbing, and takes real hearts apart.

Each maker takes a random generator, a length in samples and a rate, and returns float64 of shape
(n_samples,). The test of the index uses makers of its own, written apart from these, so that it does not
examine what it taught.
"""

from __future__ import annotations

import numpy as np


def coloured_noise(rng: np.random.Generator, n: int, fs_hz: float) -> np.ndarray:
    """Stationary noise with power falling as 1/f**slope, between white (0) and steeper than brown (2.5)."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    frequency_hz = np.maximum(np.fft.rfftfreq(n, 1 / fs_hz), 5.0)
    return np.fft.irfft(spectrum * frequency_hz ** (-rng.uniform(0, 2.5) / 2), n)


def band_noise(rng: np.random.Generator, n: int, fs_hz: float) -> np.ndarray:
    """Stationary noise in a random band inside 20 to 900 Hz: a fan, a compressor, wind."""
    low_hz = rng.uniform(20, 300)
    return in_band(rng.standard_normal(n), fs_hz, low_hz, min(low_hz * rng.uniform(1.3, 6), 0.45 * fs_hz))


def swelling_noise(rng: np.random.Generator, n: int, fs_hz: float) -> np.ndarray:
    """Noise whose loudness wanders without a rhythm: traffic, cloth on the microphone."""
    wander = in_band(rng.standard_normal(n), fs_hz, 0.05, rng.uniform(0.3, 6))
    return coloured_noise(rng, n, fs_hz) * np.exp(rng.uniform(0.3, 1.2) * wander / wander.std())


def hum(rng: np.random.Generator, n: int, fs_hz: float) -> np.ndarray:
    """Mains at 50 or 60 Hz with harmonics and a noise floor."""
    t = np.arange(n) / fs_hz
    base_hz = rng.choice([50.0, 60.0]) + rng.uniform(-0.05, 0.05)
    tones = np.zeros(n)
    for k in range(1, 9):
        tones += rng.uniform(0, 1) / k * np.sin(2 * np.pi * k * base_hz * t + rng.uniform(0, 6.28))
    return tones + 10 ** rng.uniform(-4, -0.7) * coloured_noise(rng, n, fs_hz)


def beating_hum(rng: np.random.Generator, n: int, fs_hz: float) -> np.ndarray:
    """Two machines of nearly the same pitch: a hum that swells at the difference, sometimes at a heart's rate."""
    t = np.arange(n) / fs_hz
    base_hz, beat_hz = rng.uniform(25, 200), rng.uniform(0.4, 4)
    tones = np.zeros(n)
    for k in range(1, rng.integers(2, 6)):
        for pitch_hz in (base_hz, base_hz + beat_hz):
            tones += rng.uniform(0.3, 1) / k * np.sin(2 * np.pi * k * pitch_hz * t + rng.uniform(0, 6.28))
    return tones + 10 ** rng.uniform(-3, -0.7) * coloured_noise(rng, n, fs_hz)


def tone(rng: np.random.Generator, n: int, fs_hz: float) -> np.ndarray:
    """A tone or a sweep, sometimes pulsing at the rate of a heart."""
    t = np.arange(n) / fs_hz
    start_hz, stop_hz = rng.uniform(25, 800), rng.uniform(25, 800)
    slope = (stop_hz - start_hz) / t[-1] if rng.random() < 0.4 else 0.0
    x = np.sin(2 * np.pi * (start_hz * t + slope * t**2 / 2))
    if rng.random() < 0.5:
        x *= 1 + rng.uniform(0.2, 1) * np.sin(2 * np.pi * rng.uniform(0.5, 6) * t)
    return x + 10 ** rng.uniform(-4, -1) * rng.standard_normal(n)


def music(rng: np.random.Generator, n: int, fs_hz: float) -> np.ndarray:
    """Notes of a scale on a beat, with overtones and decay, sometimes over a drum."""
    x = np.zeros(n)
    step_s = 60 / rng.uniform(60, 180) / rng.choice([1, 2, 4])
    root_hz = rng.uniform(55, 330)
    scale = root_hz * 2 ** (np.array([0, 2, 4, 5, 7, 9, 11, 12, 16, 19]) / 12)
    decay_s = rng.uniform(0.1, 1.0)
    drum = rng.random() < 0.5
    for i, start in enumerate(range(0, n, int(step_s * fs_hz))):
        t = np.arange(min(int(3 * decay_s * fs_hz), n - start)) / fs_hz
        for _ in range(rng.integers(1, 4)):
            pitch_hz = rng.choice(scale)
            for k in range(1, 6):
                if k * pitch_hz < 0.48 * fs_hz:
                    x[start : start + t.size] += (
                        rng.uniform(0.3, 1) / k * np.sin(2 * np.pi * k * pitch_hz * t) * np.exp(-t / decay_s)
                    )
        if drum and i % 2:
            x[start : start + t.size] += rng.standard_normal(t.size) * np.exp(-t / 0.04)
    return x + 1e-3 * rng.standard_normal(n)


def speech(rng: np.random.Generator, n: int, fs_hz: float) -> np.ndarray:
    """Syllables of one voice: a man's to a child's pitch; even, stressed or toned as languages differ; pauses."""
    x = np.zeros(n)
    pitch_hz = rng.uniform(75, 400)
    syllable_s, unevenness = rng.uniform(0.09, 0.3), rng.choice([0.1, 0.5])  # syllable-timed or stress-timed
    glide = rng.choice([0.15, 0.6])  # of the pitch within a syllable; large in a language of tones
    voiced_share, vowel_share = rng.uniform(0.55, 0.95), rng.uniform(0.5, 0.9)
    start = 0
    while start < n:
        length = int(fs_hz * syllable_s * np.exp(unevenness * rng.uniform(-1, 1)))
        t = np.arange(min(length, n - start)) / fs_hz
        rise = np.sin(np.pi * np.arange(t.size) / length) ** 0.5
        if rng.random() < voiced_share:
            bend = rng.uniform(-glide, glide) * t / max(length / fs_hz, 1e-3)
            phase = 2 * np.pi * pitch_hz * rng.uniform(0.85, 1.2) * t * (1 + bend / 2)
            formants = rng.uniform(250, 850), rng.uniform(800, 1800)
            loudness = rng.uniform(1 - unevenness, 1)
            for k in range(1, int(0.45 * fs_hz / pitch_hz) + 1):
                gain = sum(np.exp(-(((k * pitch_hz - f) / 120) ** 2)) for f in formants) + 0.25 / k
                x[start : start + t.size] += loudness * gain * np.sin(k * phase) * rise
        else:
            x[start : start + t.size] += 0.3 * rng.standard_normal(t.size) * rise
        pause_s = rng.uniform(0, 0.12) if rng.random() < vowel_share else rng.uniform(0.2, 0.8)
        start += length + int(pause_s * fs_hz)
    return x + 10 ** rng.uniform(-3, -1.3) * coloured_noise(rng, n, fs_hz)


def lungs(rng: np.random.Generator, n: int, fs_hz: float) -> np.ndarray:
    """Breath: noise that swells and falls 10 to 40 times a minute, with wheezes or crackles at times."""
    t = np.arange(n) / fs_hz
    rate_hz = rng.uniform(10, 40) / 60
    phase = (t * rate_hz + rng.random()) % 1
    inspiration = np.clip(np.sin(np.pi * phase / 0.4), 0, None) * (phase < 0.4)
    expiration = np.clip(np.sin(np.pi * (phase - 0.45) / 0.45), 0, None) * (phase > 0.45)
    breath = inspiration + rng.uniform(0.2, 0.8) * expiration
    x = in_band(rng.standard_normal(n), fs_hz, rng.uniform(40, 120), rng.uniform(300, 900)) * (breath + 0.03)
    x /= x.std()
    if rng.random() < 0.3:
        x += rng.uniform(0.5, 2) * breath * np.sin(2 * np.pi * rng.uniform(100, 600) * t)
    if rng.random() < 0.3:
        x += crackles(rng, n, fs_hz) * 2 * breath
    return x


def crackles(rng: np.random.Generator, n: int, fs_hz: float) -> np.ndarray:
    """Short clicks at random times: crackles, rain, a loose contact."""
    x = np.zeros(n)
    for start in rng.integers(0, n, int(rng.uniform(0.5, 15) * n / fs_hz)):
        t = np.arange(min(int(0.05 * fs_hz), n - start)) / fs_hz
        decay = np.exp(-t / rng.uniform(0.002, 0.02))
        x[start : start + t.size] += rng.uniform(-1, 1) * decay * np.sin(2 * np.pi * rng.uniform(40, 700) * t)
    return x + 10 ** rng.uniform(-4, -2) * rng.standard_normal(n)


def machine(rng: np.random.Generator, n: int, fs_hz: float) -> np.ndarray:
    """A metronome, pump or clock: identical evenly spaced events, one a cycle, to the sample."""
    period = int(fs_hz * 60 / rng.uniform(30, 480))
    t = np.arange(int(rng.uniform(0.005, 0.08) * fs_hz)) / fs_hz
    click = np.exp(-t / rng.uniform(0.002, 0.03)) * np.sin(2 * np.pi * rng.uniform(250, 900) * t)
    x = np.zeros(n)
    x[::period] = 1.0
    return np.convolve(x, click)[:n] + 10 ** rng.uniform(-3.5, -2) * rng.standard_normal(n)


def digital(rng: np.random.Generator, n: int, fs_hz: float) -> np.ndarray:
    """Square, saw-tooth and stepped test signals, and slow drift."""
    t = np.arange(n) / fs_hz
    rate_hz = 10 ** rng.uniform(-0.5, 2.5)
    wave = [np.sign(np.sin(2 * np.pi * rate_hz * t)), 2 * ((t * rate_hz) % 1) - 1, t / t[-1]][rng.integers(3)]
    return wave + 10 ** rng.uniform(-4, -1.5) * rng.standard_normal(n)


def in_band(x: np.ndarray, fs_hz: float, low_hz: float, high_hz: float) -> np.ndarray:
    """`x` between `low_hz` and `high_hz`, second-order skirts on both sides."""
    spectrum = np.fft.rfft(x)
    frequency_hz = np.fft.rfftfreq(x.size, 1 / fs_hz)
    # Second-order skirts: a brick wall would ring, which no room does.
    low_side = 1 / (1 + (low_hz / np.maximum(frequency_hz, 1e-3)) ** 4)
    high_side = 1 / (1 + (frequency_hz / high_hz) ** 4)
    return np.fft.irfft(spectrum * low_side * high_side, x.size)
