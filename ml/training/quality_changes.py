"""What devices, editors and diseases do to a recording without making it worse to read, and what noise does.

All functions take sound of shape (n_samples,) at the analysis rate and return a new array.
"""

from __future__ import annotations

import numpy as np

from ml.dsp.quality_features import RATE_HZ
from ml.dsp.resample import resample
from ml.dsp.segmentation import segment

EQUALISER_KNOTS_HZ = (1, 40, 100, 250, 600, 1000)
EQUALISER_DB = 8.0
SMOOTHING_S = 0.03
GATE_RAMP_S = 0.02
FULL_SCALE_16_BIT = 32768


def cut(rng: np.random.Generator, x: np.ndarray, shortest_s: float, longest_s: float) -> np.ndarray:
    """A random piece of `x`, short ones more often than long ones, or all of a shorter recording."""
    n = int(np.exp(rng.uniform(np.log(shortest_s), np.log(longest_s))) * RATE_HZ)
    if x.size <= n:
        return x
    start = rng.integers(0, x.size - n)
    return x[start : start + n]


def recoloured(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """Another device: a smooth equaliser, sometimes a phone's high-pass or a bandwidth below 1 kHz."""
    gain_db = np.interp(
        np.log(_frequencies(x.size)),
        np.log(EQUALISER_KNOTS_HZ),
        rng.uniform(-EQUALISER_DB, EQUALISER_DB, len(EQUALISER_KNOTS_HZ)),
    )
    x = np.fft.irfft(np.fft.rfft(x) * 10 ** (gain_db / 20), x.size)
    if rng.random() < 0.4:
        x = high_passed(x, rng.uniform(30, 120))
    if rng.random() < 0.3:
        x = np.fft.irfft(
            np.fft.rfft(x) / np.sqrt(1 + (_frequencies(x.size) / rng.uniform(200, 800)) ** 8), x.size
        )
    return x


def high_passed(x: np.ndarray, cutoff_hz: float) -> np.ndarray:
    """A second-order high-pass, 3 dB down at `cutoff_hz`."""
    return np.fft.irfft(
        np.fft.rfft(x) / np.sqrt(1 + (cutoff_hz / np.maximum(_frequencies(x.size), 1.0)) ** 4), x.size
    )


def at_rate(x: np.ndarray, fs_hz: int) -> np.ndarray:
    """As a device at `fs_hz` would have recorded it, brought back to the analysis rate."""
    return resample(resample(x, RATE_HZ, fs_hz), fs_hz, RATE_HZ)


def at_level(x: np.ndarray, peak: float) -> np.ndarray:
    """Scaled to a largest amplitude of `peak` of full scale and stored in 16 bits."""
    return np.round(peak * x / np.abs(x).max() * FULL_SCALE_16_BIT) / FULL_SCALE_16_BIT


def gated(x: np.ndarray, share: float) -> np.ndarray:
    """Digital silence wherever the smoothed amplitude is below `share` of its loud tenth, as after noise reduction."""
    width = int(SMOOTHING_S * RATE_HZ)
    amplitude = np.sqrt(np.convolve(x * x, np.ones(width) / width, "same"))
    open_gate = (amplitude > share * np.quantile(amplitude, 0.9)).astype(float)
    ramp = int(GATE_RAMP_S * RATE_HZ)
    return x * np.convolve(open_gate, np.ones(ramp) / ramp, "same").clip(0, 1)


def murmured(
    rng: np.random.Generator,
    x: np.ndarray,
    level: float,
    *,
    low_hz: float,
    high_hz: float,
    diastolic: bool = False,
) -> np.ndarray:
    """`x` with noise of a band throughout systole (or diastole), its RMS `level` times that of the first sounds."""
    segmentation = segment(x, RATE_HZ)
    where, loudness, n_sounds = np.zeros(x.size), 0.0, 0
    for cycle in segmentation.cycles:
        edges_s = (cycle.s1_s, cycle.systole_s, cycle.s2_s, cycle.diastole_s, cycle.end_s)
        s1, systole, s2, diastole, end = (int(edge_s * RATE_HZ) for edge_s in edges_s)
        # A holosystolic murmur runs from within S1 into S2.
        first, last = (
            ((s2 + diastole) // 2, end) if diastolic else ((s1 + systole) // 2, (s2 + diastole) // 2)
        )
        where[first:last] = 1.0
        loudness += float(np.sqrt(np.mean(x[s1:systole] ** 2)))
        n_sounds += 1
    if not n_sounds:
        return x
    width = int(SMOOTHING_S * RATE_HZ)
    where = np.convolve(where, np.hanning(width) / np.hanning(width).sum(), "same")
    frequency_hz = _frequencies(x.size)
    skirts = np.sqrt((1 + (low_hz / frequency_hz) ** 8) * (1 + (frequency_hz / high_hz) ** 8))
    noise = np.fft.irfft(np.fft.rfft(rng.standard_normal(x.size)) / skirts, x.size)
    return x + level * loudness / n_sounds * where * noise / noise.std()


def noised(x: np.ndarray, noise: np.ndarray, snr_db: float) -> np.ndarray:
    """`x` with `noise` (n_samples,) at `snr_db` of power below it."""
    return x + noise / max(noise.std(), 1e-12) * x.std() * 10 ** (-snr_db / 20)


def _frequencies(n: int) -> np.ndarray:
    return np.maximum(np.fft.rfftfreq(n, 1 / RATE_HZ), 1.0)
