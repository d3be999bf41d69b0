"""Synthesised sounds for the tests: hearts, and everything that is none.

Written apart from `ml.data.not_heart`, from which the quality index learnt, so that it is examined on other makers.
"""

import numpy as np
from scipy.signal import butter, lfilter, sosfilt


def heartbeat(duration_s=10.0, fs_hz=2000, rate_bpm=72.0, *, noise=0.01, murmur=0.0, seed=0):
    """S1 and S2 as damped low tones with a little of everything real: jitter, breath, noise; float32, peak 0.5."""
    rng = np.random.default_rng(seed)
    x = np.zeros(int(duration_s * fs_hz))
    s1_times_s = []
    start_s = rng.uniform(0.05, 0.4)
    while start_s < duration_s:
        rr_s = 60 / rate_bpm * rng.normal(1, 0.02)
        systole_s = 0.18 + 0.15 * rr_s
        s1_times_s.append(start_s)
        level = 1 + 0.15 * np.sin(2 * np.pi * 0.25 * start_s)
        for at_s, loudness, pitches_hz in ((0.0, 1.0, (38, 62, 95)), (systole_s, 0.7, (55, 85, 130))):
            add_sound(
                x,
                fs_hz,
                start_s + at_s,
                loudness=level * loudness * rng.normal(1, 0.08),
                pitches_hz=pitches_hz,
                rng=rng,
            )
        if murmur:
            add_murmur(x, fs_hz, start_s + 0.1, length_s=systole_s - 0.1, loudness=murmur, rng=rng)
        start_s += rr_s
    floor = sosfilt(butter(2, 400, fs=fs_hz, output="sos"), rng.standard_normal(x.size))
    x += noise * floor
    return (0.5 * x / np.abs(x).max()).astype(np.float32), np.array(s1_times_s)


def add_sound(x, fs_hz, start_s, *, loudness, pitches_hz, rng):
    t = np.arange(int(0.12 * fs_hz)) / fs_hz
    sound = sum(np.sin(2 * np.pi * f * t + rng.uniform(0, 6.28)) / (1 + i) for i, f in enumerate(pitches_hz))
    first = int(start_s * fs_hz)
    piece = (loudness * sound * (t / 0.015) * np.exp(1 - t / 0.015) * np.exp(-t / 0.05))[
        : max(0, x.size - first)
    ]
    x[first : first + piece.size] += piece


def add_murmur(x, fs_hz, start_s, *, length_s, loudness, rng):
    first, n = int(start_s * fs_hz), int(length_s * fs_hz)
    piece = sosfilt(butter(2, (120, 350), "bandpass", fs=fs_hz, output="sos"), rng.standard_normal(n + 200))[
        200:
    ]
    piece = (loudness * piece * np.hanning(n))[: max(0, x.size - first)]
    x[first : first + piece.size] += piece


def not_hearts(makers=None):
    """(name, samples, fs_hz) of clips without a heart, six of each kind, of 3 to 20 s, at 2 to 44.1 kHz."""
    rng = np.random.default_rng(20240501)
    for make in makers or MAKERS:
        for _ in range(6):
            fs_hz = int(rng.choice([2000, 4000, 8000, 44100]))
            x = np.asarray(make(rng, int(rng.uniform(3, 20) * fs_hz), fs_hz), dtype=np.float64)
            peak = np.abs(x).max()
            if peak > 1:
                x = x / peak
            yield make.__name__, x.astype(np.float32), fs_hz


def white(rng, n, fs_hz):
    return rng.uniform(0.001, 0.3) * rng.standard_normal(n)


def pink(rng, n, fs_hz):
    # Voss-McCartney: sums of held random numbers.
    return sum(np.repeat(rng.standard_normal(n // 2**k + 1), 2**k)[:n] for k in range(12)) / 20


def brown(rng, n, fs_hz):
    x = lfilter([1], [1, -0.998], rng.standard_normal(n))
    return 0.3 * x / np.abs(x).max()


def fan(rng, n, fs_hz):
    blade_hz = rng.uniform(60, 200)
    t = np.arange(n) / fs_hz
    x = sosfilt(butter(2, (50, 700), "bandpass", fs=fs_hz, output="sos"), rng.standard_normal(n))
    return 0.2 * x + 0.1 * np.sin(2 * np.pi * blade_hz * t) * (
        1 + 0.2 * np.sin(2 * np.pi * rng.uniform(1, 5) * t)
    )


def hum(rng, n, fs_hz):
    t = np.arange(n) / fs_hz
    base_hz = rng.choice([50, 60])
    return 0.3 * np.sign(np.sin(2 * np.pi * base_hz * t)) * rng.uniform(0.1, 1) + 0.002 * rng.standard_normal(
        n
    )


def pure_tone(rng, n, fs_hz):
    return 0.5 * np.sin(2 * np.pi * rng.uniform(30, 900) * np.arange(n) / fs_hz)


def chord(rng, n, fs_hz):
    t = np.arange(n) / fs_hz
    root_hz = rng.uniform(80, 300)
    return sum(0.2 * np.sin(2 * np.pi * root_hz * ratio * t) for ratio in (1, 1.26, 1.5, 2)) * (
        1 + 0.3 * np.sin(2 * np.pi * 5 * t)
    )


def melody(rng, n, fs_hz):
    x, t = np.zeros(n), np.arange(n) / fs_hz
    note_s = rng.uniform(0.2, 0.6)
    for k in range(int(n / fs_hz / note_s) + 1):
        pitch_hz = 110 * 2 ** (rng.integers(0, 24) / 12)
        local = t - k * note_s
        x += np.where(
            (local >= 0) & (local < note_s),
            np.sin(2 * np.pi * pitch_hz * local) * np.exp(-local.clip(0) / 0.3),
            0,
        )
    return 0.5 * x


def drum_less_song(rng, n, fs_hz):
    return melody(rng, n, fs_hz) + 0.5 * chord(rng, n, fs_hz) + 0.01 * rng.standard_normal(n)


def sentence(rng, n, fs_hz):
    """Glottal pulses through two resonances, in words of a few syllables."""
    x = np.zeros(n)
    at = 0
    while at < n:
        for _ in range(rng.integers(1, 5)):
            length = int(rng.uniform(0.1, 0.3) * fs_hz)
            period = int(fs_hz / rng.uniform(90, 230))
            pulses = np.zeros(length)
            pulses[::period] = 1
            for formant_hz in (rng.uniform(300, 750), rng.uniform(780, 950)):
                radius = np.exp(-np.pi * 90 / fs_hz)
                angle = 2 * np.pi * formant_hz / fs_hz
                pulses = lfilter([1], [1, -2 * radius * np.cos(angle), radius**2], pulses)
            syllable = pulses * np.hanning(length) / (np.abs(pulses).max() + 1e-9)
            x[at : at + length] += syllable[: max(0, n - at)]
            at += length + int(rng.uniform(0, 0.05) * fs_hz)
        at += int(rng.uniform(0.1, 0.6) * fs_hz)
    return 0.4 * x + 0.003 * rng.standard_normal(n)


def babble(rng, n, fs_hz):
    return sum(sentence(rng, n, fs_hz) for _ in range(3)) / 2


def breath(rng, n, fs_hz):
    t = np.arange(n) / fs_hz
    swell = np.abs(np.sin(np.pi * rng.uniform(0.2, 0.6) * t)) ** rng.uniform(1, 3)
    high_hz = min(rng.uniform(300, 900), 0.45 * fs_hz)
    return (
        0.2
        * swell
        * sosfilt(butter(2, (80, high_hz), "bandpass", fs=fs_hz, output="sos"), rng.standard_normal(n))
    )


def wheeze(rng, n, fs_hz):
    t = np.arange(n) / fs_hz
    swell = np.clip(np.sin(2 * np.pi * rng.uniform(0.2, 0.5) * t), 0, None)
    return breath(rng, n, fs_hz) + 0.2 * swell * np.sin(2 * np.pi * rng.uniform(150, 500) * t)


def crackle(rng, n, fs_hz):
    x = 0.002 * rng.standard_normal(n)
    x[rng.integers(0, n, int(8 * n / fs_hz))] += rng.uniform(-0.8, 0.8, int(8 * n / fs_hz))
    return sosfilt(butter(2, 900, fs=fs_hz, output="sos"), x) if fs_hz > 2000 else x


def rubbing(rng, n, fs_hz):
    swell = np.abs(sosfilt(butter(2, rng.uniform(1, 4), fs=fs_hz, output="sos"), rng.standard_normal(n)))
    return 0.5 * swell / swell.max() * rng.standard_normal(n)


def taps(rng, n, fs_hz):
    x = 0.001 * rng.standard_normal(n)
    t = np.arange(int(0.1 * fs_hz)) / fs_hz
    for at in rng.integers(0, n - t.size, rng.integers(2, 12)):
        x[at : at + t.size] += 0.7 * np.exp(-t / 0.02) * np.sin(2 * np.pi * rng.uniform(60, 250) * t)
    return x


def ventilator(rng, n, fs_hz):
    t = np.arange(n) / fs_hz
    cycle = ((t * rng.uniform(0.2, 0.4)) % 1 < 0.4).astype(float)
    hiss = sosfilt(butter(2, 150, "highpass", fs=fs_hz, output="sos"), rng.standard_normal(n))
    return 0.15 * cycle * hiss + 0.01 * rng.standard_normal(n)


def dtmf(rng, n, fs_hz):
    t = np.arange(n) / fs_hz
    keys = (697, 770, 852, 941)
    return 0.4 * np.where((t * 2) % 1 < 0.5, np.sin(2 * np.pi * rng.choice(keys) * t), 0)


def square(rng, n, fs_hz):
    return 0.8 * np.sign(np.sin(2 * np.pi * rng.uniform(0.5, 300) * np.arange(n) / fs_hz))


def ramp_and_offset(rng, n, fs_hz):
    return np.linspace(-0.5, 0.5, n) * rng.choice([0, 1]) + 0.3 + 1e-4 * rng.standard_normal(n)


def dead(rng, n, fs_hz):
    return np.zeros(n) + rng.choice([0.0, 0.25]) + rng.choice([0.0, 1e-5]) * rng.standard_normal(n)


def bits(rng, n, fs_hz):
    """An idle converter: the last bits only."""
    return rng.integers(-2, 3, n) / 32768


def bird(rng, n, fs_hz):
    t = np.arange(n) / fs_hz
    sweep_hz = 500 + 300 * np.sin(2 * np.pi * rng.uniform(2, 6) * t)
    return 0.4 * np.sin(2 * np.pi * np.cumsum(sweep_hz) / fs_hz) * ((t * rng.uniform(0.5, 2)) % 1 < 0.4)


def rain(rng, n, fs_hz):
    return 0.05 * rng.standard_normal(n) + 0.5 * (rng.random(n) > 1 - 30 / fs_hz) * rng.standard_normal(n)


def hammer(rng, n, fs_hz):
    """One blow a cycle at the rate of a heart, as evenly as an arm keeps time."""
    x = 0.002 * rng.standard_normal(n)
    ring = np.arange(int(0.2 * fs_hz)) / fs_hz
    at_s, cycle_s = rng.uniform(0, 1), 60 / rng.uniform(50, 120)
    while at_s < n / fs_hz:
        blow = np.exp(-ring / 0.03) * np.sin(2 * np.pi * rng.uniform(0.9, 1.1) * 180 * ring)
        first = int(at_s * fs_hz)
        x[first : first + blow.size] += rng.uniform(0.4, 0.8) * blow[: n - first]
        at_s += cycle_s * rng.normal(1, 0.04)
    return x


def walking(rng, n, fs_hz):
    """Left and right shoe on gravel."""
    x, at_s, cycle_s = np.zeros(n), 0.2, rng.uniform(0.45, 0.65)
    while at_s < n / fs_hz:
        length = int(rng.uniform(0.08, 0.16) * fs_hz)
        step = rng.standard_normal(length) * np.exp(-np.arange(length) / (0.03 * fs_hz))
        first = int(at_s * fs_hz)
        x[first : first + length] += rng.uniform(0.4, 1) * step[: n - first]
        at_s += cycle_s * rng.normal(1, 0.07)
    return 0.4 * sosfilt(
        butter(2, min(500, 0.4 * fs_hz), fs=fs_hz, output="sos"), x
    ) + 0.003 * rng.standard_normal(n)


def two_motors(rng, n, fs_hz):
    """Hum that swells at the difference of two speeds."""
    t = np.arange(n) / fs_hz
    speed_hz, difference_hz = rng.uniform(30, 120), rng.uniform(0.8, 2)
    motors = sum(
        np.sin(2 * np.pi * k * f * t) / k for f in (speed_hz, speed_hz + difference_hz) for k in (1, 2)
    )
    return 0.2 * motors + 0.01 * rng.standard_normal(n)


def cloth(rng, n, fs_hz):
    """A sleeve drawn to and fro over the microphone, about once a second."""
    t = np.arange(n) / fs_hz
    sway = np.cumsum(rng.normal(0, 0.02, n)) / np.sqrt(fs_hz)
    stroke = np.abs(np.sin(np.pi * rng.uniform(0.6, 2) * t + sway)) ** 2
    return (
        0.2
        * stroke
        * sosfilt(butter(2, (60, 600), "bandpass", fs=fs_hz, output="sos"), rng.standard_normal(n))
    )


def child(rng, n, fs_hz):
    """A high voice that glides."""
    x, at = np.zeros(n), 0
    while at < n:
        length = int(rng.uniform(0.1, 0.5) * fs_hz)
        pitch_hz = np.linspace(*rng.uniform(250, 450, 2), length)
        phase = 2 * np.pi * np.cumsum(pitch_hz) / fs_hz
        syllable = sum(np.sin(k * phase) / k for k in (1, 2)) * np.hanning(length)
        x[at : at + length] += syllable[: n - at]
        at += length + int(rng.choice([0.03, 0.4]) * fs_hz)
    return 0.3 * x + 0.003 * rng.standard_normal(n)


MAKERS = (
    white, pink, brown, fan, hum, pure_tone, chord, melody, drum_less_song, babble, sentence, breath, wheeze, crackle,
    rubbing, taps, ventilator, dtmf, square, ramp_and_offset, dead, bits, bird, rain,
    hammer, walking, two_motors, cloth, child,
)  # fmt: skip
