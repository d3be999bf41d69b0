"""The log spectrograms that phase features and pictures of the beat are made from, and the cycles all are read by."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ml.dsp.cycles import Cycle, sound_peaks_s
from ml.dsp.frame_power import HalfWaves, half_waves, line_power, log_band_power, log_triangles, used_lines
from ml.dsp.mel import hz_to_mel, mel_filterbank, mel_to_hz
from ml.dsp.segmentation import Segmentation
from ml.errors import SignalError

ANALYSIS_RATE_HZ = 2000
FFT_SAMPLES = 256

SPECTRUM_RATE_HZ = 100
WINDOW_SAMPLES = 128  # 64 ms: resolves 25 Hz from 40 Hz, and S1 from early systole
N_BANDS = 32  # of either scale: log frequency parts low murmurs finely, mel high ones
LOW_HZ, HIGH_HZ = 25.0, 800.0

# Finer in time, coarser in frequency: the parts of S1 and S2 and what follows them at once.
QUICK_RATE_HZ = 200
QUICK_WINDOW_SAMPLES = 64
N_QUICK_BANDS = 16
QUICK_LOW_HZ = 30.0
QUICK_LEAST_HALF_HZ = 25.0

LEAST_RELATIVE_CONFIDENCE = 0.85


@lru_cache(maxsize=1)
def band_weights() -> np.ndarray:
    """Triangular bands, evenly spaced in log frequency from LOW_HZ to HIGH_HZ; (FFT_SAMPLES // 2 + 1, N_BANDS)."""
    return log_triangles(
        N_BANDS,
        LOW_HZ,
        HIGH_HZ,
        fs_hz=ANALYSIS_RATE_HZ,
        n_fft=FFT_SAMPLES,
        least_half_hz=ANALYSIS_RATE_HZ / WINDOW_SAMPLES,
    )


@lru_cache(maxsize=1)
def mel_weights() -> np.ndarray:
    """The mel scale's bands from LOW_HZ to HIGH_HZ; (FFT_SAMPLES // 2 + 1, N_BANDS)."""
    return mel_filterbank(ANALYSIS_RATE_HZ, FFT_SAMPLES, N_BANDS, LOW_HZ, HIGH_HZ).T


@lru_cache(maxsize=1)
def quick_weights() -> np.ndarray:
    """Triangular bands of the quick spectrogram, QUICK_LOW_HZ to HIGH_HZ; (FFT_SAMPLES // 2 + 1, N_QUICK_BANDS)."""
    return log_triangles(
        N_QUICK_BANDS,
        QUICK_LOW_HZ,
        HIGH_HZ,
        fs_hz=ANALYSIS_RATE_HZ,
        n_fft=FFT_SAMPLES,
        least_half_hz=QUICK_LEAST_HALF_HZ,
    )


def band_centres_hz() -> np.ndarray:
    return np.geomspace(LOW_HZ, HIGH_HZ, N_BANDS)


def mel_centres_hz() -> np.ndarray:
    return mel_to_hz(np.linspace(hz_to_mel(LOW_HZ), hz_to_mel(HIGH_HZ), N_BANDS + 2))[1:-1]


def quick_centres_hz() -> np.ndarray:
    return np.geomspace(QUICK_LOW_HZ, HIGH_HZ, N_QUICK_BANDS)


@dataclass(frozen=True)
class BeatSpectrum:
    """log_power : (n_frames, N_BANDS) in nepers of power, at SPECTRUM_RATE_HZ; frame k is centred on k / rate seconds.
    mel_log_power : the same in bands of the mel scale.
    quick_log_power : (n_quick_frames, N_QUICK_BANDS) at QUICK_RATE_HZ, of a window half as long.
    cycles : those clear enough to be used, never empty.
    peaks_s : (n_cycles, 2), when their S1 and S2 are strongest."""

    log_power: np.ndarray
    mel_log_power: np.ndarray
    quick_log_power: np.ndarray
    cycles: list[Cycle]
    peaks_s: np.ndarray


def beat_spectrum(x: np.ndarray, fs_hz: float, segmentation: Segmentation) -> BeatSpectrum:
    """Band spectrograms of `x` (n_samples,) at 2000 Hz, their floors compressed, and the cycles to read them by.

    Raises SignalError: "signal.rate" for another rate, "signal.no_cycle" where no heart cycle was found.
    """
    if fs_hz != ANALYSIS_RATE_HZ:
        raise SignalError("signal.rate", f"Beat features are made at {ANALYSIS_RATE_HZ} Hz; resample first.")
    readable = segmentation.readable_cycles
    if not readable:
        raise SignalError("signal.no_cycle", "No complete heartbeat was found in the sound.")
    usual = np.median([c.confidence for c in readable])
    cycles = [c for c in readable if c.confidence >= LEAST_RELATIVE_CONFIDENCE * usual]
    x = np.asarray(x, dtype=np.float32)
    x = x - x.mean()
    power = line_power(x, _waves(), ANALYSIS_RATE_HZ // SPECTRUM_RATE_HZ)
    quick = line_power(x, _quick_waves(), ANALYSIS_RATE_HZ // QUICK_RATE_HZ)
    return BeatSpectrum(
        log_band_power(power, band_weights()[_lines()]),
        log_band_power(power, mel_weights()[_lines()]),
        log_band_power(quick, quick_weights()[_quick_lines()]),
        cycles,
        sound_peaks_s(cycles, segmentation.s1_times_s, segmentation.s2_times_s),
    )


@lru_cache(maxsize=1)
def _lines() -> slice:
    return used_lines(band_weights(), mel_weights())


@lru_cache(maxsize=1)
def _quick_lines() -> slice:
    return used_lines(quick_weights())


@lru_cache(maxsize=1)
def _waves() -> HalfWaves:
    return half_waves(np.hanning(WINDOW_SAMPLES), FFT_SAMPLES, _lines())


@lru_cache(maxsize=1)
def _quick_waves() -> HalfWaves:
    # Without the two zeros at a Hann window's ends, which in a window this short are samples lost.
    window = np.hanning(QUICK_WINDOW_SAMPLES + 2)[1:-1]
    return half_waves(window, FFT_SAMPLES, _quick_lines())
