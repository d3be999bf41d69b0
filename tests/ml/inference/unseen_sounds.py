"""Sounds that are no heart, of kinds and ranges that nothing of the quality index was fitted to or chosen on.

Apart from `ml.data` and from `sounds`: other makers, other shapes, other rates. The index that is fitted next must not
be chosen by them either.
"""

import numpy as np
from scipy.signal import butter, lfilter, sosfilt


def band(rng, n, fs_hz, low_hz, high_hz):
    sos = butter(2, (low_hz, min(high_hz, 0.45 * fs_hz)), "bandpass", fs=fs_hz, output="sos")
    x = sosfilt(sos, rng.standard_normal(n))
    return x / (x.std() + 1e-9)


def struck(x, fs_hz, at_s, piece, loudness=1.0):
    first = int(at_s * fs_hz)
    if 0 <= first < x.size:
        x[first : first + piece.size] += loudness * piece[: x.size - first]


def ring(rng, fs_hz, pitches_hz, decay_s, length_s=0.3):
    t = np.arange(int(length_s * fs_hz)) / fs_hz
    tones = sum(np.sin(2 * np.pi * hz * t + rng.uniform(0, 6.28)) for hz in pitches_hz)
    return tones * np.exp(-t / decay_s)


def metronome(rng, n, fs_hz):
    """A wooden tick, every third or fourth one accented."""
    x, beat_s, bar = 0.001 * rng.standard_normal(n), 60 / rng.uniform(50, 200), rng.integers(2, 5)
    pitch_hz = rng.uniform(200, 900)
    for k in range(int(n / fs_hz / beat_s) + 1):
        accent = k % bar == 0
        tick = ring(rng, fs_hz, (pitch_hz * (1.3 if accent else 1), 2.1 * pitch_hz), 0.012, 0.1)
        struck(x, fs_hz, 0.1 + k * beat_s, tick, 0.5 if accent else 0.3)
    return x


def rails(rng, n, fs_hz):
    """Two axles over every joint of the rails, and the roar of the wagon."""
    x, cycle_s, apart_s = np.zeros(n), rng.uniform(0.7, 1.5), rng.uniform(0.1, 0.18)
    at_s = 0.2
    while at_s < n / fs_hz:
        for k in (0, 1):
            thud = ring(rng, fs_hz, rng.uniform(50, 250, 3), 0.05) + 0.5 * band(
                rng, int(0.3 * fs_hz), fs_hz, 40, 800
            )[: int(0.3 * fs_hz)] * np.exp(-np.arange(int(0.3 * fs_hz)) / (0.04 * fs_hz))
            struck(x, fs_hz, at_s + k * apart_s, thud, 0.2)
        at_s += cycle_s * rng.normal(1, 0.01)
    return x + 0.05 * band(rng, n, fs_hz, 30, 400)


def heels(rng, n, fs_hz):
    """Hard heels on a wooden floor, the sole right after, a phone in the hand."""
    x, at_s, step_s = 0.002 * band(rng, n, fs_hz, 20, 500), 0.2, 60 / rng.uniform(85, 135)
    while at_s < n / fs_hz:
        struck(x, fs_hz, at_s, ring(rng, fs_hz, rng.uniform(60, 180, 3), rng.uniform(0.02, 0.05)), 0.3)
        struck(
            x, fs_hz, at_s + rng.uniform(0.07, 0.13), ring(rng, fs_hz, rng.uniform(100, 400, 3), 0.02), 0.15
        )
        at_s += step_s * rng.normal(1, 0.03)
    return x


def jogging(rng, n, fs_hz):
    """A phone in the pocket of somebody who runs: a thump, then cloth."""
    x, at_s, step_s = 0.005 * rng.standard_normal(n), 0.1, 60 / rng.uniform(150, 185)
    while at_s < n / fs_hz:
        length = int(rng.uniform(0.15, 0.25) * fs_hz)
        thump = band(rng, length, fs_hz, 20, 90) * np.exp(-np.arange(length) / (0.05 * fs_hz))
        cloth = band(rng, length, fs_hz, 150, 800) * np.hanning(length)
        struck(x, fs_hz, at_s, thump + rng.uniform(0.1, 0.5) * cloth, 0.15)
        at_s += step_s * rng.normal(1, 0.02)
    return x


def fingers(rng, n, fs_hz):
    """Fingers drumming on the back of the phone, four taps at a time."""
    x, at_s = 0.001 * rng.standard_normal(n), 0.2
    gap_s, rest_s = rng.uniform(0.07, 0.15), rng.uniform(0.2, 0.9)
    while at_s < n / fs_hz:
        for _ in range(4):
            struck(
                x, fs_hz, at_s, ring(rng, fs_hz, rng.uniform(80, 600, 4), 0.01, 0.1), rng.uniform(0.1, 0.25)
            )
            at_s += gap_s * rng.normal(1, 0.08)
        at_s += rest_s * rng.normal(1, 0.1)
    return x


def door(rng, n, fs_hz):
    """Knocking: three or so, a wait, three again."""
    x, at_s = 0.002 * band(rng, n, fs_hz, 40, 600), rng.uniform(0.1, 0.6)
    panel_hz = rng.uniform(70, 220, 4)
    while at_s < n / fs_hz:
        for _ in range(rng.integers(2, 5)):
            struck(
                x, fs_hz, at_s, ring(rng, fs_hz, panel_hz, rng.uniform(0.015, 0.035)), rng.uniform(0.1, 0.25)
            )
            at_s += rng.uniform(0.16, 0.3)
        at_s += rng.uniform(0.6, 2)
    return x


def keyboard(rng, n, fs_hz):
    x, at_s = 0.002 * rng.standard_normal(n), 0.1
    while at_s < n / fs_hz:
        click = band(rng, int(0.05 * fs_hz), fs_hz, 200, 850) * np.exp(
            -np.arange(int(0.05 * fs_hz)) / (0.006 * fs_hz)
        )
        struck(x, fs_hz, at_s, click, rng.uniform(0.05, 0.2))
        struck(x, fs_hz, at_s + rng.uniform(0.05, 0.1), click, rng.uniform(0.02, 0.1))
        at_s += rng.gamma(3, 0.06)
    return x


def baby(rng, n, fs_hz):
    """Crying: a breath in, a long hoarse wail, again and again."""
    x, at_s = 0.003 * rng.standard_normal(n), 0.1
    while at_s < n / fs_hz:
        length = int(rng.uniform(0.5, 1.2) * fs_hz)
        s = np.linspace(0, 1, length)
        turns = (
            np.cumsum(
                rng.uniform(380, 520) * (1 + 0.25 * np.sin(np.pi * s)) + 8 * rng.standard_normal(length)
            )
            / fs_hz
        )
        wail = sum(np.sin(2 * np.pi * k * turns) / k for k in (1, 2, 3) if k * 650 < 0.5 * fs_hz)
        struck(x, fs_hz, at_s, wail * np.sin(np.pi * s) ** 0.4, rng.uniform(0.1, 0.3))
        at_s += length / fs_hz + rng.uniform(0.15, 0.5)
    return x


def snoring(rng, n, fs_hz):
    """Flutter of the palate at 25 to 90 pulses a second during every breath in."""
    t = np.arange(n) / fs_hz
    breath = np.clip(np.sin(2 * np.pi * rng.uniform(0.2, 0.35) * t), 0, None)
    flutter = (np.sin(2 * np.pi * np.cumsum(rng.uniform(25, 90) * (1 + 0.1 * breath)) / fs_hz) > 0.7).astype(
        float
    )
    return 0.2 * breath * lfilter(
        [1], [1, -1.8, 0.87], flutter - flutter.mean()
    ) / 5 + 0.005 * rng.standard_normal(n)


def car(rng, n, fs_hz):
    """A four-stroke engine at idle, felt through a seat."""
    t = np.arange(n) / fs_hz
    turns = np.cumsum(rng.uniform(10, 16) * (1 + 0.01 * np.sin(2 * np.pi * rng.uniform(0.5, 2) * t))) / fs_hz
    orders = sum(
        rng.uniform(0.2, 1) * np.cos(2 * np.pi * k * turns + rng.uniform(0, 6.28)) for k in (1, 2, 4, 6, 8)
    )
    return 0.1 * orders + 0.03 * band(rng, n, fs_hz, 30, 500)


def washing(rng, n, fs_hz):
    """A drum that turns once a second: water, a thump at the same place, the motor."""
    t = np.arange(n) / fs_hz
    turn_hz = rng.uniform(0.6, 1.4)
    slosh = np.clip(np.sin(2 * np.pi * turn_hz * t), 0, None) ** 2
    thump = np.exp(-((t * turn_hz) % 1) / rng.uniform(0.05, 0.15)) * np.sin(
        2 * np.pi * rng.uniform(30, 70) * t
    )
    return 0.08 * slosh * band(rng, n, fs_hz, 100, 700) + 0.15 * thump + 0.03 * np.sin(2 * np.pi * 100 * t)


def wind(rng, n, fs_hz):
    gusts = np.abs(sosfilt(butter(1, 0.7, fs=fs_hz, output="sos"), rng.standard_normal(n)))
    return (
        0.3 * gusts / gusts.max() * sosfilt(butter(1, 60, fs=fs_hz, output="sos"), rng.standard_normal(n)) * 5
    )


def drips(rng, n, fs_hz):
    """A tap that drips into water: a plop that rises in pitch."""
    x, at_s, gap_s = 0.001 * rng.standard_normal(n), 0.3, rng.uniform(0.35, 1.2)
    t = np.arange(int(0.08 * fs_hz)) / fs_hz
    while at_s < n / fs_hz:
        pitch_hz = rng.uniform(350, 550)
        struck(x, fs_hz, at_s, np.sin(2 * np.pi * (pitch_hz * t + 900 * t**2)) * np.exp(-t / 0.02), 0.3)
        at_s += gap_s * rng.normal(1, 0.03)
    return x


def telephone(rng, n, fs_hz):
    """A ringing tone or a phone that vibrates on a table."""
    t = np.arange(n) / fs_hz
    on = ((t % rng.uniform(1.5, 4)) < rng.uniform(0.4, 1.2)).astype(float)
    if rng.random() < 0.5:
        return 0.3 * on * (
            np.sin(2 * np.pi * 425 * t) + np.sin(2 * np.pi * 480 * t)
        ) + 0.001 * rng.standard_normal(n)
    buzz = np.sign(np.sin(2 * np.pi * rng.uniform(140, 200) * t)) * (1 + 0.4 * rng.standard_normal(n))
    return 0.2 * on * buzz + 0.002 * rng.standard_normal(n)


def panting(rng, n, fs_hz):
    """Quick breaths close to the microphone, in and out unlike."""
    t = np.arange(n) / fs_hz
    rate_hz = rng.uniform(0.6, 1.3)
    phase = (
        np.cumsum(
            rate_hz
            * (1 + 0.08 * sosfilt(butter(1, 0.5, fs=fs_hz, output="sos"), 30 * rng.standard_normal(n)))
        )
        / fs_hz
    )
    into, out = np.clip(np.sin(2 * np.pi * phase), 0, None), np.clip(-np.sin(2 * np.pi * phase), 0, None)
    return (
        0.1 * into**2 * band(rng, n, fs_hz, 200, 800)
        + 0.12 * out**3 * band(rng, n, fs_hz, 40, 300)
        + 0.002 * t / t[-1]
    )


def gurgles(rng, n, fs_hz):
    """A stomach: short runs of bubbles, each a falling tone."""
    x, at_s = 0.003 * band(rng, n, fs_hz, 20, 300), 0.1
    while at_s < n / fs_hz:
        for _ in range(rng.integers(1, 12)):
            length_s = rng.uniform(0.02, 0.08)
            t = np.arange(int(length_s * fs_hz)) / fs_hz
            struck(
                x,
                fs_hz,
                at_s,
                np.sin(2 * np.pi * (rng.uniform(100, 350) * t - 300 * t**2)) * np.hanning(t.size),
                rng.uniform(0.02, 0.15),
            )
            at_s += rng.uniform(0.03, 0.12)
        at_s += rng.exponential(0.8)
    return x


def drummer(rng, n, fs_hz):
    """Bass drum, snare and hi-hat of a plain rock beat."""
    x, eighth_s = 0.001 * rng.standard_normal(n), 60 / rng.uniform(80, 150) / 2
    t = np.arange(int(0.3 * fs_hz)) / fs_hz
    bass = np.sin(2 * np.pi * (50 * t + 4 * (1 - np.exp(-t / 0.02)))) * np.exp(-t / 0.09)
    for k in range(int(n / fs_hz / eighth_s) + 1):
        hat = band(rng, t.size, fs_hz, 500, 900) * np.exp(-t / 0.015)
        struck(x, fs_hz, k * eighth_s, hat, 0.03)
        if k % 8 in (0, 4, 5):
            struck(x, fs_hz, k * eighth_s, bass, 0.4)
        if k % 8 in (2, 6):
            struck(x, fs_hz, k * eighth_s, band(rng, t.size, fs_hz, 150, 900) * np.exp(-t / 0.06), 0.12)
    return x


UNSEEN_MAKERS = (
    metronome, rails, heels, jogging, fingers, door, keyboard, baby, snoring, car, washing, wind, drips, telephone,
    panting, gurgles, drummer,
)  # fmt: skip
