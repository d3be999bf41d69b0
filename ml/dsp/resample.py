"""Sample-rate conversion by one polyphase, Kaiser-windowed sinc.

Pass band: flat within 0.01 dB up to 0.45 of the lower of the two rates. Whatever would fold back below that edge is
rejected by 80 dB or more (Kaiser's formula, Oppenheim & Schafer, Discrete-Time Signal Processing, 3rd ed., eq. 7.76).
"""

from functools import lru_cache
from math import gcd

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ml.errors import SignalError

ANALYSIS_RATE_HZ = 2000
CAPTURE_RATE_HZ = 8000
MAX_RATE_HZ = 768_000

PASS_EDGE = 0.45  # of the lower rate
STOP_ATTENUATION_DB = 84.0
# A large reduction is done in two steps; the first leaves this many times the wanted rate: its filter is short.
INTERMEDIATE_OVERSAMPLING = 4

Band = tuple[float, float, float]  # rate_hz, pass_hz, stop_hz of `lowpass_taps`


@lru_cache(maxsize=64)
def lowpass_taps(rate_hz: float, pass_hz: float, stop_hz: float) -> np.ndarray:
    """Linear-phase low-pass of odd length, unit gain at 0 Hz, for a signal at `rate_hz`."""
    width = 2 * np.pi * (stop_hz - pass_hz) / rate_hz
    half = int(np.ceil((STOP_ATTENUATION_DB - 7.95) / (2.285 * width) / 2))
    n = np.arange(-half, half + 1)
    cutoff = (pass_hz + stop_hz) / rate_hz  # in units of the Nyquist rate
    beta = 0.1102 * (STOP_ATTENUATION_DB - 8.7)
    taps = cutoff * np.sinc(cutoff * n) * np.kaiser(2 * half + 1, beta)
    taps /= taps.sum()
    taps.setflags(write=False)
    return taps


# One recorder has one rate, and its clips come in a row: the matrices of the last few rates are kept.
@lru_cache(maxsize=12)
def _column_weights(band: Band, up: int, down: int, start: int, stop: int) -> tuple[int, np.ndarray]:
    """The taps that make outputs [start, stop) of a row from its input: place of the first input, and the matrix
    (n_inputs, n_outputs)."""
    taps = lowpass_taps(*band)
    half = taps.size // 2
    columns = np.arange(start, stop)
    first, last = -((half - start * down) // up), ((stop - 1) * down + half) // up
    tap = columns[None, :] * down - np.arange(first, last + 1)[:, None] * up + half
    weights = np.where((tap >= 0) & (tap < taps.size), taps[np.clip(tap, 0, taps.size - 1)], 0.0)
    weights.setflags(write=False)
    return first, weights


def _convert(x: np.ndarray, up: int, down: int, band: Band) -> np.ndarray:
    """`x` at up/down times its rate through the low-pass of `band`, which is at `up` times that rate.

    Output sample 0 lies on input sample 0. Output m is the sum over i of x[i] * up * taps[m * down - i * up], the taps
    counted from their centre. It comes of the same taps each time m grows by `up` and i by `down`, so outputs are made
    as products of a few matrices: a row is a stretch of the input, the next row lies `row_step` later, and a column
    holds one output's taps.
    """
    n_out = -(-x.size * up // down)
    half = lowpass_taps(*band).size // 2
    reach = half // up
    n_taps = 2 * reach + 1  # at most, of one output
    # Rows so far apart that the columns made at once never make them overlap: BLAS multiplies no others.
    per_row = -(-(2 * n_taps + 1) // down)
    n_columns, row_step = per_row * up, per_row * down
    n_rows = -(-n_out // n_columns)
    padded = np.zeros(reach + n_rows * row_step + reach + 1)
    padded[reach : reach + x.size] = x
    y = np.empty((n_rows, n_columns))
    at_once = max(1, n_taps * up // down)
    for start in range(0, n_columns, at_once):
        stop = min(start + at_once, n_columns)
        first, weights = _column_weights(band, up, down, start, stop)
        rows = sliding_window_view(padded[reach + first :], len(weights))[::row_step][:n_rows]
        np.matmul(rows, weights, out=y[:, start:stop])
    return y.ravel()[:n_out] * up


def resample(x: np.ndarray, fs_hz: float, to_hz: float) -> np.ndarray:
    """`x` converted from `fs_hz` to `to_hz`.

    x : ndarray of shape (n_samples,). Returns float64 of shape (ceil(n_samples * to_hz / fs_hz),), time-aligned with
    the input (no delay), silent beyond its ends.
    Raises SignalError: "signal.shape" unless one-dimensional, "signal.rate" unless both rates are whole and positive.
    """
    x = np.asarray(x)
    if x.ndim != 1:
        raise SignalError("signal.shape", "The sound must have one channel.")
    if not all(float(rate).is_integer() and 0 < rate <= MAX_RATE_HZ for rate in (fs_hz, to_hz)):
        raise SignalError("signal.rate", f"The sample rate of {fs_hz} Hz is not one this software can read.")
    fs, to = int(fs_hz), int(to_hz)
    x = x.astype(np.float64, copy=False)
    if fs == to or x.size == 0:
        return x.copy()
    pass_hz = PASS_EDGE * min(fs, to)
    reduction = fs // (INTERMEDIATE_OVERSAMPLING * to)
    if reduction >= 2:
        # Only what folds into the final pass band matters in this step; the second step removes the rest.
        rate = fs / reduction
        x = _convert(x, 1, reduction, (float(fs), pass_hz, rate - (to - pass_hz)))
        # fs/reduction need not be whole: scale both rates of the second step instead.
        to *= reduction
        pass_hz *= reduction
    divisor = gcd(fs, to)
    up, down = to // divisor, fs // divisor
    n_out = -(-np.asarray(x).size * up // down)
    stop_hz = min(fs, to) - pass_hz
    y = _convert(x, up, down, (float(fs) * up, pass_hz, stop_hz))
    return y[:n_out]
