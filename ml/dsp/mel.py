"""Mel spectrograms in numpy alone, equal to librosa's (Slaney scale, Slaney area normalisation).

The scale and the normalisation follow M. Slaney, "Auditory Toolbox", Interval Research 1998-010:
linear below 1 kHz, logarithmic above, triangles of equal area.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from ml.errors import SignalError

Floats = NDArray[np.float32]

_LINEAR_HZ_PER_MEL = 200.0 / 3.0
_LOG_START_HZ = 1000.0
_LOG_START_MEL = _LOG_START_HZ / _LINEAR_HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27.0

# Frames are transformed in blocks that stay in the processor's cache; one block of a whole long recording
# would be written to memory and read back.
_BLOCK_VALUES = 1 << 18
_BANDS_AT_ONCE = 32


def hz_to_mel(frequency_hz: ArrayLike) -> NDArray[np.float64]:
    """Slaney's mel scale for frequencies in Hz (any shape)."""
    hz = np.asarray(frequency_hz, dtype=np.float64)
    logarithmic = _LOG_START_MEL + np.log(np.maximum(hz, 1e-12) / _LOG_START_HZ) / _LOG_STEP
    return np.where(hz < _LOG_START_HZ, hz / _LINEAR_HZ_PER_MEL, logarithmic)


def mel_to_hz(mel: ArrayLike) -> NDArray[np.float64]:
    """Frequencies in Hz of points on Slaney's mel scale (any shape)."""
    mel = np.asarray(mel, dtype=np.float64)
    logarithmic = _LOG_START_HZ * np.exp(_LOG_STEP * (mel - _LOG_START_MEL))
    return np.where(mel < _LOG_START_MEL, mel * _LINEAR_HZ_PER_MEL, logarithmic)


@lru_cache(maxsize=16)
def mel_filterbank(
    fs_hz: float, n_fft: int, n_mels: int, low_hz: float = 0.0, high_hz: float | None = None
) -> Floats:
    """Triangular filters, shape (n_mels, n_fft // 2 + 1), each of unit area in Hz.

    Raises SignalError when the band is empty or reaches above half the sample rate.
    """
    high_hz = fs_hz / 2 if high_hz is None else high_hz
    if not 0 <= low_hz < high_hz <= fs_hz / 2:
        raise SignalError(
            "signal.bad_band", f"The band {low_hz:g}-{high_hz:g} Hz does not fit {fs_hz:g} Hz sound."
        )
    corners_hz = mel_to_hz(np.linspace(hz_to_mel(low_hz), hz_to_mel(high_hz), n_mels + 2))
    widths_hz = np.diff(corners_hz)
    slopes = corners_hz[:, None] - np.fft.rfftfreq(n_fft, 1 / fs_hz)[None, :]
    rising = -slopes[:-2] / widths_hz[:-1, None]
    falling = slopes[2:] / widths_hz[1:, None]
    triangles = np.maximum(0, np.minimum(rising, falling))
    bank = (triangles * (2.0 / (corners_hz[2:] - corners_hz[:-2]))[:, None]).astype(np.float32)
    bank.flags.writeable = False
    return bank


@lru_cache(maxsize=16)
def hann_window(window_length: int, n_fft: int) -> Floats:
    """A periodic Hann window of `window_length` in the middle of `n_fft` samples."""
    window = np.zeros(n_fft, dtype=np.float32)
    start = (n_fft - window_length) // 2
    phase = 2 * np.pi * np.arange(window_length) / window_length
    window[start : start + window_length] = 0.5 - 0.5 * np.cos(phase)
    window.flags.writeable = False
    return window


def _checked(samples: ArrayLike) -> Floats:
    x = np.asarray(samples, dtype=np.float32)
    if x.ndim != 1 or x.size == 0:
        raise SignalError("signal.not_mono", "A mono signal of at least one sample is needed.")
    if not np.isfinite(x).all():
        raise SignalError("signal.not_finite", "The sound contains values that are not numbers.")
    return x


def mel_spectrogram(
    samples: ArrayLike,
    *,
    fs_hz: float,
    n_fft: int,
    hop: int,
    n_mels: int,
    low_hz: float = 0.0,
    high_hz: float | None = None,
    window_length: int | None = None,
    rfft: Callable[[Floats], NDArray[np.complexfloating]] = np.fft.rfft,
) -> Floats:
    """Mel power spectrogram of shape (n_mels, 1 + n_samples // hop), frames centred and zero-padded.

    `samples` has shape (n_samples,); power is in the samples' unit squared, as in librosa.feature.melspectrogram.
    `rfft` transforms the last axis; scipy.fft.rfft, where it may be imported, takes a sixth of numpy's time.
    Raises SignalError for a signal that is not mono, is empty or holds NaN or infinity.
    """
    x = _checked(samples)
    bank = mel_filterbank(fs_hz, n_fft, n_mels, low_hz, high_hz)
    window = hann_window(window_length or n_fft, n_fft)
    padded = np.pad(x, n_fft // 2)
    frames = sliding_window_view(padded, n_fft)[::hop]
    out = np.empty((n_mels, len(frames)), dtype=np.float32)
    block = max(1, _BLOCK_VALUES // n_fft)
    for first in range(0, len(frames), block):
        spectrum = rfft(frames[first : first + block] * window)
        power = spectrum.real**2 + spectrum.imag**2
        for bands, bins in _band_groups(bank.shape, fs_hz, n_fft, low_hz, high_hz):
            out[bands, first : first + block] = bank[bands, bins] @ power[:, bins].T
    return out


@lru_cache(maxsize=16)
def _band_groups(
    shape: tuple[int, int], fs_hz: float, n_fft: int, low_hz: float, high_hz: float | None
) -> list[tuple[slice, slice]]:
    """Neighbouring filters with the bins that any of them needs: most of the bank is zeros."""
    bank = mel_filterbank(fs_hz, n_fft, shape[0], low_hz, high_hz)
    groups = []
    for first in range(0, shape[0], _BANDS_AT_ONCE):
        bands = slice(first, min(first + _BANDS_AT_ONCE, shape[0]))
        used = np.flatnonzero(bank[bands].any(axis=0))
        bins = slice(int(used[0]), int(used[-1]) + 1) if len(used) else slice(0, 1)
        groups.append((bands, bins))
    return groups


def power_to_db(
    power: ArrayLike, *, reference: float | None = None, floor: float = 1e-10, range_db: float | None = 80.0
) -> Floats:
    """Decibels relative to `reference` (the largest value when None), at most `range_db` below the peak.

    `power` may have any shape; values under `floor` count as `floor`. The definition is librosa.power_to_db's.
    """
    power = np.asarray(power, dtype=np.float32)
    if power.size == 0:
        raise SignalError("signal.empty", "There is no spectrogram to convert to decibels.")
    reference = float(power.max()) if reference is None else abs(reference)
    decibels = np.float32(10.0) * np.log10(np.maximum(power, np.float32(floor)))
    decibels -= np.float32(10.0 * np.log10(max(floor, reference)))
    if range_db is not None:
        np.maximum(decibels, decibels.max() - np.float32(range_db), out=decibels)
    return decibels
