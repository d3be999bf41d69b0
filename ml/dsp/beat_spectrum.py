"""The log spectrograms that phase features and beat images are made from, and the choice of cycles all are read by."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ml.dsp.cycles import Cycle
from ml.dsp.mel import hz_to_mel, mel_filterbank, mel_to_hz
from ml.dsp.segmentation import Segmentation
from ml.errors import SignalError

SPECTRUM_RATE_HZ = 100
ANALYSIS_RATE_HZ = 2000
WINDOW_SAMPLES = 128  # 64 ms: resolves 25 Hz from 40 Hz, and S1 from early systole
FFT_SAMPLES = 256
FRAMES_AT_ONCE = 256  # fits a core's cache: a third of the time of all at once
N_BANDS = 32  # of either scale: log frequency parts low murmurs finely, mel high ones
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


@lru_cache(maxsize=1)
def mel_weights() -> np.ndarray:
    """The mel scale's bands from LOW_HZ to HIGH_HZ; (FFT_SAMPLES // 2 + 1, N_BANDS)."""
    return mel_filterbank(ANALYSIS_RATE_HZ, FFT_SAMPLES, N_BANDS, LOW_HZ, HIGH_HZ).T


def _used_lines() -> slice:
    """The spectral lines between the lowest band's foot and the highest's, of both scales."""
    used = np.flatnonzero(band_weights().any(axis=1) | mel_weights().any(axis=1))
    return slice(int(used[0]), int(used[-1]) + 1)


@lru_cache(maxsize=1)
def _half_waves() -> tuple[np.ndarray, np.ndarray]:
    """Windowed cosines and sines of the used lines about a frame's centre, (WINDOW_SAMPLES // 2, n_lines) each.

    With the power alone wanted, a frame's even part meets the cosines and its odd part the sines: two small matrix
    products, which on frames this short take a fraction of the time of numpy's FFT.
    """
    half = WINDOW_SAMPLES // 2
    from_centre = half - 0.5 - np.arange(half)
    line = np.arange(FFT_SAMPLES // 2 + 1)[_used_lines()]
    angles = 2 * np.pi / FFT_SAMPLES * np.outer(from_centre, line)
    window = np.hanning(WINDOW_SAMPLES)[:half, None]
    return window * np.cos(angles), window * np.sin(angles)


def _line_power(x: np.ndarray) -> np.ndarray:
    """Power of the used lines in every frame of `x` (n_samples,), float32 (n_frames, n_lines).

    In double precision up to here: sums of so many products would be less exact in single than the FFT's, which the
    models were trained on.
    """
    half = WINDOW_SAMPLES // 2
    padded = np.pad(x, half).astype(np.float64)
    frames = sliding_window_view(padded, WINDOW_SAMPLES)[:: ANALYSIS_RATE_HZ // SPECTRUM_RATE_HZ]
    early, late = frames[:, :half], frames[:, : half - 1 : -1]
    cosines, sines = _half_waves()
    power = np.empty((len(frames), cosines.shape[1]), dtype=np.float32)
    for first in range(0, len(frames), FRAMES_AT_ONCE):
        block = slice(first, first + FRAMES_AT_ONCE)
        even, odd = (early[block] + late[block]) @ cosines, (early[block] - late[block]) @ sines
        power[block] = even * even + odd * odd
    return power


def band_centres_hz() -> np.ndarray:
    return np.geomspace(LOW_HZ, HIGH_HZ, N_BANDS)


def mel_centres_hz() -> np.ndarray:
    return mel_to_hz(np.linspace(hz_to_mel(LOW_HZ), hz_to_mel(HIGH_HZ), N_BANDS + 2))[1:-1]


@dataclass(frozen=True)
class BeatSpectrum:
    """log_power : (n_frames, N_BANDS) in nepers of power, at SPECTRUM_RATE_HZ; frame k is centred on k / rate seconds.
    mel_log_power : the same in bands of the mel scale.
    cycles : those clear enough to be used, never empty."""

    log_power: np.ndarray
    mel_log_power: np.ndarray
    cycles: list[Cycle]


def beat_spectrum(x: np.ndarray, fs_hz: float, segmentation: Segmentation) -> BeatSpectrum:
    """Band spectrogram of `x` (n_samples,) at 2000 Hz with its floor compressed, and the cycles to read it by.

    Raises SignalError: "signal.rate" for another rate, "signal.no_cycle" where no heart cycle was found.
    """
    if fs_hz != ANALYSIS_RATE_HZ:
        raise SignalError("signal.rate", f"Beat features are made at {ANALYSIS_RATE_HZ} Hz; resample first.")
    readable = segmentation.readable_cycles
    if not readable:
        raise SignalError("signal.no_cycle", "No complete heartbeat was found in the sound.")
    x = np.asarray(x, dtype=np.float32)
    lines = _line_power(x - x.mean())
    usual = np.median([c.confidence for c in readable])
    cycles = [c for c in readable if c.confidence >= LEAST_RELATIVE_CONFIDENCE * usual]
    return BeatSpectrum(_log_power(lines, band_weights()), _log_power(lines, mel_weights()), cycles)


def _log_power(lines: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Power of the lines (n_frames, n_lines) in bands, its floor compressed; (n_frames, n_bands)."""
    power = lines @ weights[_used_lines()].astype(np.float32)
    # The loudest sounds are judged by the ninth decile, which knocks do not reach and a few seconds suffice for.
    loudest = float(np.quantile(power.max(axis=1), 0.9))
    floor = max(loudest * 10 ** (FLOOR_DB / 10), float(np.finfo(np.float32).tiny))
    return np.log(power + floor)
