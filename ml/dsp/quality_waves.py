"""Whether every beat's sounds are the same sounds: what tells a heart from noise that swells in time. numpy only.

The valves of one heart give nearly the same waveform every beat, and S1 another than S2. Noise that only comes and
goes at the rate of a heart (steps, breath, cloth, a ventilator) has no waveform to repeat; what repeats all the time
(a tone, hum, music) repeats between the sounds as well; what is struck (a knock, a metronome) begins more sharply than
it ends, and its "second sound" is the first again.
"""

from __future__ import annotations

import math

import numpy as np

from ml.dsp.fft import fast_length
from ml.dsp.quantiles import quantiles
from ml.dsp.segmentation import Segmentation

RATE_HZ = 2000
DECIMATION = 5
WAVE_RATE_HZ = RATE_HZ / DECIMATION
BAND_HZ, SKIRT_HZ = (25.0, 160.0), 10.0
BEFORE, AFTER = 20, 28  # samples at WAVE_RATE_HZ: 50 ms before the peak of a sound to 70 ms after it
REACH = 14  # samples: 35 ms, further than the peak of a sound is mistaken by
SIDE = 24  # samples: 60 ms on either side of the peak, for how it rises and falls
# What noise reaches at the best of all lags: a recording without beats is like noise.
LIKENESS_OF_NOISE = 0.45
TINY = 1e-12


def wave_features(x: np.ndarray, segmentation: Segmentation) -> dict[str, float]:
    """Named numbers of `x`, shape (n_samples,), at 2 kHz, cleaned, not constant; `segmentation` of the same sound."""
    wave = _slowed(x)
    s1_s, s2_s = segmentation.s1_times_s, segmentation.s2_times_s
    rest_s, pair_s1_s, pair_s2_s = _rests_and_pairs(s1_s, s2_s)
    s1_50, s1_20 = _likeness(wave, s1_s[:-1], s1_s[1:])
    s2_50, s2_20 = _likeness(wave, s2_s[:-1], s2_s[1:])
    across, _ = _likeness(wave, pair_s1_s, pair_s2_s)
    rest, _ = _likeness(wave, rest_s[:-1], rest_s[1:])
    return {
        "wave_s1_50": s1_50, "wave_s1_20": s1_20, "wave_s2_50": s2_50, "wave_s2_20": s2_20,
        "wave_across": across, "wave_rest": rest, "wave_over_rest": (s1_50 + s2_50) / 2 - rest,
        "wave_over_across": (s1_50 + s2_50) / 2 - across,
        "attack_s1": _attack(wave, s1_s), "attack_s2": _attack(wave, s2_s),
    }  # fmt: skip


def _slowed(x: np.ndarray) -> np.ndarray:
    """`x` in the band of the heart sounds, at `WAVE_RATE_HZ`."""
    slow_length = fast_length(-(-x.size // DECIMATION))
    spectrum = np.fft.rfft(x, slow_length * DECIMATION)[: slow_length // 2 + 1]
    frequency_hz = np.arange(spectrum.size) * (WAVE_RATE_HZ / slow_length)
    low_hz, high_hz = BAND_HZ
    rise = np.clip((frequency_hz - low_hz + SKIRT_HZ) / SKIRT_HZ, 0, 1)
    fall = np.clip((high_hz + SKIRT_HZ - frequency_hz) / SKIRT_HZ, 0, 1)
    return np.fft.irfft(spectrum * (rise * fall), slow_length)[: -(-x.size // DECIMATION)]


def _rests_and_pairs(s1_s: np.ndarray, s2_s: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Middles of the diastoles, and each S1 with the S2 after it; seconds."""
    if not s1_s.size or not s2_s.size:
        return np.zeros(0), np.zeros(0), np.zeros(0)
    after = np.searchsorted(s2_s, s1_s)
    paired = after < s2_s.size
    pair_s1_s, pair_s2_s = s1_s[paired], s2_s[after[paired]]
    following = np.searchsorted(s1_s, pair_s2_s)
    has_next = following < s1_s.size
    rest_s = 0.4 * pair_s2_s[has_next] + 0.6 * s1_s[following[has_next]]
    return rest_s, pair_s1_s, pair_s2_s


def _pieces(wave: np.ndarray, at_s: np.ndarray, before: int, after: int) -> np.ndarray:
    """(n, before + after): the pieces of `wave` around the instants; what lies outside it is zero."""
    first = np.round(at_s * WAVE_RATE_HZ).astype(int)[:, None] + np.arange(-before, after)
    inside = (first >= 0) & (first < wave.size)
    return np.where(inside, wave[np.clip(first, 0, wave.size - 1)], 0.0)


def _likeness(wave: np.ndarray, one_s: np.ndarray, other_s: np.ndarray) -> tuple[float, float]:
    """Median and lower fifth of the correlation of the sounds at `one_s` with those at `other_s`, at their best lag."""
    if one_s.size < 2:
        return LIKENESS_OF_NOISE, LIKENESS_OF_NOISE
    ours = _pieces(wave, one_s, BEFORE, AFTER)
    theirs = np.lib.stride_tricks.sliding_window_view(
        _pieces(wave, other_s, BEFORE + REACH, AFTER + REACH), BEFORE + AFTER, axis=1
    )
    product = np.einsum("kw,klw->kl", ours, theirs)
    energy = np.einsum("klw,klw->kl", theirs, theirs)
    own = np.einsum("kw,kw->k", ours, ours)
    best = (product / np.sqrt(energy * own[:, None] + TINY)).max(axis=1)
    half, fifth = quantiles(best, 0.5, 0.2)
    return half, fifth


def _attack(wave: np.ndarray, at_s: np.ndarray) -> float:
    """How much more energy comes after the usual peak than before it, in nepers."""
    if not at_s.size:
        return 0.0
    energy = np.median(_pieces(wave, at_s, SIDE, SIDE) ** 2, axis=0)
    return math.log((energy[SIDE:].sum() + TINY) / (energy[:SIDE].sum() + TINY))
