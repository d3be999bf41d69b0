"""The log spectrogram that phase features and beat images share, and the choice of cycles both are made from."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ml.dsp.segmentation import Cycle, Segmentation
from ml.errors import SignalError

SPECTRUM_RATE_HZ = 100
ANALYSIS_RATE_HZ = 2000
WINDOW_SAMPLES = 128  # 64 ms: resolves 25 Hz from 40 Hz, and S1 from early systole
FFT_SAMPLES = 256
N_BANDS = 32
LOW_HZ, HIGH_HZ = 25.0, 800.0
# Power this far below the recording's loudest heart sounds is the recorder's noise and quantisation, not the heart.
FLOOR_DB = -45.0
LEAST_RELATIVE_CONFIDENCE = 0.85


@lru_cache(maxsize=1)
def band_weights() -> np.ndarray:
    """Triangular bands, evenly spaced in log frequency from LOW_HZ to HIGH_HZ; (FFT_SAMPLES // 2 + 1, N_BANDS)."""
    centres = np.geomspace(LOW_HZ, HIGH_HZ, N_BANDS)
    step = np.log(centres[1] / centres[0])
    frequencies = np.fft.rfftfreq(FFT_SAMPLES, 1 / ANALYSIS_RATE_HZ)
    # Where bands are narrower than a spectral line they widen to it, or some would be empty.
    half_hz = np.maximum(centres * np.sinh(step), ANALYSIS_RATE_HZ / WINDOW_SAMPLES)
    weights = np.maximum(0, 1 - np.abs(frequencies[:, None] - centres[None, :]) / half_hz[None, :])
    return weights / weights.sum(axis=0)


def band_centres_hz() -> np.ndarray:
    return np.geomspace(LOW_HZ, HIGH_HZ, N_BANDS)


@dataclass(frozen=True)
class BeatSpectrum:
    """log_power : (n_frames, N_BANDS) in nepers of power, at SPECTRUM_RATE_HZ; frame k is centred on k / rate seconds.
    cycles : those clear enough to be used, never empty."""

    log_power: np.ndarray
    cycles: list[Cycle]


def beat_spectrum(x: np.ndarray, fs_hz: float, segmentation: Segmentation) -> BeatSpectrum:
    """Band spectrogram of `x` (n_samples,) at 2000 Hz with its floor compressed, and the cycles to read it by.

    Raises SignalError: "signal.rate" for another rate, "signal.no_cycle" where no whole heart cycle was found.
    """
    if fs_hz != ANALYSIS_RATE_HZ:
        raise SignalError("signal.rate", f"Beat features are made at {ANALYSIS_RATE_HZ} Hz; resample first.")
    if not segmentation.cycles:
        raise SignalError("signal.no_cycle", "No complete heartbeat was found in the sound.")
    hop = ANALYSIS_RATE_HZ // SPECTRUM_RATE_HZ
    x = np.asarray(x, dtype=np.float32)
    padded = np.pad(x - x.mean(), WINDOW_SAMPLES // 2)
    window = np.hanning(WINDOW_SAMPLES).astype(np.float32)
    frames = sliding_window_view(padded, WINDOW_SAMPLES)[::hop] * window
    spectrum = np.fft.rfft(frames, FFT_SAMPLES, axis=1)
    power = (spectrum.real**2 + spectrum.imag**2) @ band_weights().astype(np.float32)
    usual = np.median([c.confidence for c in segmentation.cycles])
    cycles = [c for c in segmentation.cycles if c.confidence >= LEAST_RELATIVE_CONFIDENCE * usual]
    # The loudest sounds are judged by the ninth decile, which knocks do not reach and a few seconds suffice for.
    loudest = float(np.quantile(power.max(axis=1), 0.9))
    floor = max(loudest * 10 ** (FLOOR_DB / 10), float(np.finfo(np.float32).tiny))
    return BeatSpectrum(np.log(power + floor), cycles)
