"""What the quality index looks at: about eighty numbers of one recording at 2 kHz. numpy only.

The ideas are those of published heart-sound quality indices (Springer et al. 2016, IEEE EMBC; Tang et al.
2021, Biomed. Signal Process. Control 70): a heart repeats, its sounds are short, low, and the same in all low
bands. Half of the numbers come of the beats that the segmentation found (`quality_beats`).
"""

from __future__ import annotations

import math

import numpy as np

from ml.dsp.cleaning import clipped_fraction
from ml.dsp.quality_beats import beat_features
from ml.dsp.quantiles import quantiles
from ml.dsp.segmentation import Segmentation, segment

RATE_HZ = 2000
MIN_DURATION_S = 1.0

FRAME = 128  # samples: 64 ms, 15.6 Hz a bin
HOP = 20  # samples: the envelopes run at 100 Hz
ENVELOPE_RATE_HZ = RATE_HZ / HOP
BAND_EDGES_HZ = (23, 60, 120, 250, 500, 1000)
SMOOTHING = np.ones(5) / 5  # frames: 50 ms, less than an S1

RHYTHM_WINDOW_S, RHYTHM_STEP_S = 4.0, 1.0  # a rhythm may change; within four seconds it hardly does
MIN_LAG = 27  # frames: 220 beats a minute
MAX_LAG = 200  # frames: 30 beats a minute
DYNAMIC_RANGE = np.log(1e5)  # digital silence between the sounds must not count as infinite clarity

LONG_FRAME = 2048  # samples: fine enough to see a mains line
LINE_NEIGHBOURS = 25  # bins on either side that make the floor a line stands out of
TINY = 1e-12


def quality_features(x: np.ndarray, segmentation: Segmentation | None = None) -> dict[str, float]:
    """Named numbers of `x`, shape (n_samples,), cleaned, at 2 kHz, at least `MIN_DURATION_S` long and not
    constant.

    segmentation : of the same sound; made here unless given.
    """
    segmentation = segmentation or segment(x, RATE_HZ)
    x = x - x.mean()
    x = x / max(x.std(), TINY)
    bands = _band_power(x)
    low = bands[:, :3].sum(axis=1)
    envelope = np.convolve(np.sqrt(low), SMOOTHING, "same")
    log_envelope = np.convolve(np.log(low), SMOOTHING, "same")
    log_envelope = np.maximum(log_envelope, quantiles(log_envelope, 0.9)[0] - DYNAMIC_RANGE)
    return {
        **_shape(envelope, log_envelope),
        **_rhythm("linear", envelope),
        **_rhythm("log", log_envelope),
        **_modulation(envelope),
        **_bursts(low, bands[:, 3:].sum(axis=1)),
        **_bands(bands),
        **_lines(x),
        "roughness": float(np.log(np.std(np.diff(x)) + 1e-6)),
        "clipped": math.log10(clipped_fraction(x) + 1e-4),
        **beat_features(bands, ENVELOPE_RATE_HZ, FRAME / 2 / RATE_HZ, segmentation),
    }


def _band_power(x: np.ndarray) -> np.ndarray:
    """Power of `x` between neighbouring `BAND_EDGES_HZ` in every short frame: (n_frames, n_bands), positive."""
    power = _spectrogram(x.astype(np.float32), FRAME, HOP)
    edges = np.searchsorted(np.fft.rfftfreq(FRAME, 1 / RATE_HZ), BAND_EDGES_HZ)
    return np.add.reduceat(power[:, : edges[-1]], edges[:-1], axis=1).astype(np.float64) + TINY


def line_share(x: np.ndarray, base_hz: float) -> float:
    """Share of the power of `x` (2 kHz) between 20 and 900 Hz within 2 Hz of a multiple of `base_hz`."""
    frequency_hz, power = _long_spectrum(x)
    distance_hz = np.abs(frequency_hz - base_hz * np.round(frequency_hz / base_hz))
    near = (distance_hz <= 2.0) & (frequency_hz >= base_hz - 2.0)
    return float(power[near].sum() / (power.sum() + TINY))


def _spectrogram(x: np.ndarray, frame: int, hop: int) -> np.ndarray:
    frames = np.lib.stride_tricks.sliding_window_view(x, frame)[::hop]
    spectrum = np.fft.rfft(frames * np.hanning(frame).astype(x.dtype))
    return spectrum.real**2 + spectrum.imag**2


def _shape(envelope: np.ndarray, log_envelope: np.ndarray) -> dict[str, float]:
    """How far the sounds stand out of what lies between them, and for how little of the time."""
    q10, q50, q90, q95, q99 = quantiles(log_envelope, 0.1, 0.5, 0.9, 0.95, 0.99)
    deviation = envelope - envelope.mean()
    square = deviation * deviation
    sd = max(float(envelope.std()), TINY)
    return {
        "range_90_10": q90 - q10,
        "range_95_50": q95 - q50,
        "range_99_50": q99 - q50,
        "kurtosis": float(np.log(np.mean(square * square) / sd**4 + 1e-9)),
        "skewness": float(np.mean(square * deviation) / sd**3),
        "duty": float(np.mean(envelope > 0.5 * quantiles(envelope, 0.97)[0])),
        "variation": sd / max(float(envelope.mean()), TINY),
    }


def _rhythm(name: str, envelope: np.ndarray) -> dict[str, float]:
    """Height, prominence and steadiness of the autocorrelation's peak between 30 and 220 beats a minute."""
    width = min(int(RHYTHM_WINDOW_S * ENVELOPE_RATE_HZ), envelope.size)
    step = int(RHYTHM_STEP_S * ENVELOPE_RATE_HZ)
    windows = np.lib.stride_tricks.sliding_window_view(envelope, width)[::step]
    correlation = _autocorrelation(windows, min(MAX_LAG, width * 2 // 3))
    lags = _peak_lags(correlation)
    heights = np.take_along_axis(correlation, lags[:, None], axis=1)[:, 0]
    prominence = [row[lag] - row[3 : max(lag, 4)].min() for row, lag in zip(correlation, lags, strict=True)]
    log_lags = np.log(lags)
    quarter, half, three_quarters = quantiles(heights, 0.25, 0.5, 0.75)
    whole = _autocorrelation(envelope[None], min(MAX_LAG, envelope.size * 2 // 3))
    return {
        f"repeat_{name}": half,
        f"repeat_low_{name}": quarter,
        f"repeat_high_{name}": three_quarters,
        f"repeat_all_{name}": float(whole[0, _peak_lags(whole)[0]]),
        f"prominence_{name}": float(np.median(prominence)),
        f"unsteady_{name}": float(np.median(np.abs(log_lags - np.median(log_lags)))),
        f"trough_{name}": float(whole[0, 3:40].min()),
    }


def _autocorrelation(rows: np.ndarray, max_lag: int) -> np.ndarray:
    """Unbiased, normalised autocorrelation of each row at lags 0..max_lag."""
    n = rows.shape[1]
    n_fft = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(rows - rows.mean(axis=1, keepdims=True), n_fft)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2, n_fft)[:, : max_lag + 1]
    correlation = correlation / (n - np.arange(max_lag + 1))
    return correlation / (correlation[:, :1] + TINY)


def _peak_lags(correlation: np.ndarray) -> np.ndarray:
    """Lag of each row's highest local maximum from `MIN_LAG` on; the highest value where there is no
    maximum."""
    inner = correlation[:, MIN_LAG:-1]
    is_peak = (inner >= correlation[:, MIN_LAG - 1 : -2]) & (inner >= correlation[:, MIN_LAG + 1 :])
    ranked = np.where(is_peak, inner, inner - 10.0)
    return np.argmax(ranked, axis=1) + MIN_LAG


def _modulation(envelope: np.ndarray) -> dict[str, float]:
    """Where the envelope's own spectrum lies: breath below 0.5 Hz, beats and their harmonics to 8 Hz, noise
    above."""
    power = np.abs(np.fft.rfft((envelope - envelope.mean()) * np.hanning(envelope.size))) ** 2
    rate_hz = np.fft.rfftfreq(envelope.size, 1 / ENVELOPE_RATE_HZ)
    total = power[(rate_hz > 0.3) & (rate_hz < 20)].sum() + TINY

    def share(low_hz: float, high_hz: float) -> float:
        return float(np.log(power[(rate_hz > low_hz) & (rate_hz < high_hz)].sum() / total + 1e-4))

    return {"slow": share(0.05, 0.5), "beating": share(0.7, 8), "fast": share(8, 20)}


def _bursts(low: np.ndarray, high: np.ndarray) -> dict[str, float]:
    """How unevenly the energy lies over half seconds: a bump or a word is not as regular as a beat."""
    starts = np.arange(0, low.size, int(0.5 * ENVELOPE_RATE_HZ))
    low_s, high_s = np.add.reduceat(low, starts), np.add.reduceat(high, starts)
    low_25, low_50, low_90 = quantiles(low_s, 0.25, 0.5, 0.9)
    high_50, high_95 = quantiles(high_s, 0.5, 0.95)
    return {
        "burst": math.log(low_s.max() / low_50),
        "uneven": math.log(low_90 / low_25),
        "burst_high": math.log(high_95 / high_50),
    }


def _bands(bands: np.ndarray) -> dict[str, float]:
    """Share of each band, and how far neighbouring bands rise and fall together, as they do in S1 and S2."""
    shares = np.log10(bands.sum(axis=0) / bands.sum() + 1e-6)
    together = np.corrcoef(np.log(bands) + 1e-9 * np.arange(len(bands))[:, None], rowvar=False)
    return {
        **{f"share_{low_hz}": float(share) for low_hz, share in zip(BAND_EDGES_HZ, shares, strict=False)},
        "together_01": float(together[0, 1]),
        "together_02": float(together[0, 2]),
        "together_12": float(together[1, 2]),
        "together_23": float(together[2, 3]),
        "together_34": float(together[3, 4]),
    }


def _lines(x: np.ndarray) -> dict[str, float]:
    """How much of the spectrum is lines (tones, hum, music) and how flat the rest is (noise)."""
    frequency_hz, power = _long_spectrum(x)
    padded = np.pad(power, LINE_NEIGHBOURS, mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * LINE_NEIGHBOURS + 1)
    floor = np.partition(around, LINE_NEIGHBOURS, axis=1)[:, LINE_NEIGHBOURS]  # the median
    total = power.sum() + TINY
    low = power[frequency_hz < 400] + TINY
    return {
        "lines": float(np.clip(power - 4 * floor, 0, None).sum() / total),
        "flatness": float(np.mean(np.log(low)) - np.log(low.mean())),
        "centroid": float(np.log((power * frequency_hz).sum() / total + 1.0)),
    }


def _long_spectrum(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x = x - x.mean()
    if x.size >= LONG_FRAME:
        power, size = _spectrogram(x, LONG_FRAME, LONG_FRAME // 2).mean(axis=0), LONG_FRAME
    else:
        power, size = np.abs(np.fft.rfft(x * np.hanning(x.size), LONG_FRAME)) ** 2, LONG_FRAME
    frequency_hz = np.fft.rfftfreq(size, 1 / RATE_HZ)
    inside = (frequency_hz >= 20) & (frequency_hz < 900)
    return frequency_hz[inside], power[inside]
