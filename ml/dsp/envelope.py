"""Envelopes of a heart sound: Hilbert, homomorphic, Gaussian (Morlet) wavelet bands and band power."""

from functools import lru_cache

import numpy as np

from ml.dsp.fft import fast_length
from ml.dsp.filters import low_pass
from ml.errors import SignalError

# Springer et al. 2016 (IEEE Trans. Biomed. Eng. 63:822) smooth the logarithm of the envelope below 8 Hz.
HOMOMORPHIC_CUTOFF_HZ = 8.0
# Below this share of its own maximum an envelope is numerical noise.
RELATIVE_FLOOR = 1e-5


def _checked(x: np.ndarray) -> np.ndarray:
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 1 or x.size < 2:
        raise SignalError("signal.shape", "The sound must have one channel and at least two samples.")
    return x


def hilbert_envelope(x: np.ndarray, fs_hz: float) -> np.ndarray:
    """Magnitude of the analytic signal of `x`, shape (n_samples,), same unit as `x`."""
    x = _checked(x)
    n = fast_length(x.size + int(0.1 * fs_hz))
    spectrum = np.fft.rfft(x, n)
    # -j times the positive frequencies is the Hilbert transform.
    quadrature = np.fft.irfft(-1j * spectrum, n)[: x.size]
    return np.hypot(x, quadrature)


def homomorphic_envelope(x: np.ndarray, fs_hz: float, cutoff_hz: float = HOMOMORPHIC_CUTOFF_HZ) -> np.ndarray:
    """Exponential of the smoothed logarithm of the Hilbert envelope, shape (n_samples,), same unit as `x`."""
    envelope = hilbert_envelope(x, fs_hz)
    floor = max(float(envelope.max()) * RELATIVE_FLOOR, np.finfo(float).tiny)
    return np.exp(low_pass(np.log(np.maximum(envelope, floor)), fs_hz, cutoff_hz, order=1))


@lru_cache(maxsize=32)
def _band_windows(n: int, fs_hz: float, edges_hz: tuple[tuple[float, float], ...]) -> np.ndarray:
    frequencies = np.fft.rfftfreq(n, 1 / fs_hz)
    windows = np.empty((len(edges_hz), frequencies.size))
    for row, (low, high) in enumerate(edges_hz):
        centre, spread = (low + high) / 2, (high - low) / 2.355  # the edges are at half the window's height
        windows[row] = np.exp(-0.5 * ((frequencies - centre) / spread) ** 2)
    windows[:, 0] = 0.0
    windows.setflags(write=False)
    return windows


def wavelet_power(
    x: np.ndarray, fs_hz: float, edges_hz: tuple[tuple[float, float], ...], frame_rate_hz: float
) -> np.ndarray:
    """Power of `x` in bands, by complex Gaussian (Morlet) wavelets, averaged over frames.

    x : ndarray of shape (n_samples,). Returns float64 of shape (n_bands, n_frames) with
    n_frames = floor(n_samples / (fs_hz / frame_rate_hz)); frame k covers samples [k, k + 1) * fs_hz / frame_rate_hz.
    Raises SignalError "signal.rate" unless fs_hz is a multiple of frame_rate_hz, "signal.shape" unless one-dimensional.
    """
    x = _checked(x)
    hop = fs_hz / frame_rate_hz
    if hop < 1 or not float(hop).is_integer():
        raise SignalError(
            "signal.rate", f"{fs_hz} Hz is not a multiple of the frame rate of {frame_rate_hz} Hz."
        )
    hop = int(hop)
    n_frames = x.size // hop
    n = fast_length(x.size + int(0.25 * fs_hz))
    spectrum = np.fft.rfft(x, n)
    windows = _band_windows(n, float(fs_hz), edges_hz)
    power = np.empty((len(edges_hz), n_frames))
    used = n_frames * hop
    scale = max(float(np.abs(x).max()), np.finfo(float).tiny)
    spectrum /= scale
    for row, window in enumerate(windows):
        # Single precision from here, a third of the time: its noise lies 140 dB below the band's loudest moment.
        banded = (spectrum * window).astype(np.complex64)
        real = np.fft.irfft(banded, n)[:used].reshape(n_frames, hop)
        banded *= np.complex64(-1j)
        imaginary = np.fft.irfft(banded, n)[:used].reshape(n_frames, hop)
        power[row] = np.einsum("ij,ij->i", real, real) + np.einsum("ij,ij->i", imaginary, imaginary)
    power *= scale**2 / hop
    return power
