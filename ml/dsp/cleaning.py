"""Takes out of a recording what the heart did not put in: offset and spikes. Finds clipping. numpy only."""

from __future__ import annotations

import numpy as np

from ml.errors import SignalError

# Schmidt et al. 2010 (Physiol. Meas. 31:513), section 2.2: windows of 500 ms; a window whose largest
# amplitude exceeds three times the median of all windows' largest amplitudes holds a spike.
SPIKE_WINDOW_S = 0.5
SPIKE_RATIO = 3.0
MIN_WINDOWS = 3
# A friction spike is short; a run between zero crossings that is longer than this is sound, not a spike.
MAX_SPIKE_S = 0.1

CLIP_LEVEL = 0.98  # of the recording's largest amplitude
CLIP_RUN = 3  # samples in a row on the rail: a smooth peak has one or two at a rate near its Nyquist rate


def check_samples(x: np.ndarray) -> np.ndarray:
    """`x` as float64 of shape (n_samples,).

    Raises SignalError: "signal.shape" unless one-dimensional and not empty; "signal.not_finite".
    """
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 1 or x.size == 0:
        raise SignalError("signal.shape", "The sound must have one channel and at least one sample.")
    if not np.isfinite(x).all():
        raise SignalError(
            "signal.not_finite", "The sound holds values that are no numbers (NaN or infinity)."
        )
    return x


def remove_offset(x: np.ndarray) -> np.ndarray:
    """`x` less its mean: a constant is not sound, and some recorders add one."""
    return x - x.mean()


def remove_spikes(x: np.ndarray, fs_hz: float) -> np.ndarray:
    """`x` (n_samples,) with each friction spike, from its zero crossing to the next, set to zero.

    Works on the largest first and stops when no window exceeds `SPIKE_RATIO` times the median window, so that
    a regular loud S1 stays. Recordings of fewer than three windows are returned as they are.
    """
    x = np.array(x, dtype=np.float64)
    width = round(SPIKE_WINDOW_S * fs_hz)
    n_windows = x.size // width if width else 0
    if n_windows < MIN_WINDOWS:
        return x
    windows = x[: n_windows * width].reshape(n_windows, width)  # a view: zeroing it zeroes x
    peaks = np.abs(windows).max(axis=1)
    finished = np.zeros(n_windows, dtype=bool)
    while True:
        limit = SPIKE_RATIO * np.median(peaks)
        candidates = np.where(finished, 0.0, peaks)
        worst = int(np.argmax(candidates))
        if candidates[worst] <= max(limit, np.finfo(float).tiny):
            return x
        if not _zero_largest_run(windows[worst], int(MAX_SPIKE_S * fs_hz)):
            finished[worst] = True
        peaks[worst] = np.abs(windows[worst]).max()


def _zero_largest_run(window: np.ndarray, max_run: int) -> bool:
    """Zero the half-wave runs around the largest sample; False where the run is too long to be a spike."""
    at = int(np.argmax(np.abs(window)))
    crossings = np.flatnonzero(np.signbit(window[1:]) != np.signbit(window[:-1])) + 1
    start = int(crossings[crossings <= at].max(initial=0))
    stop = int(crossings[crossings > at].min(initial=window.size))
    if stop - start > max_run:
        return False
    window[start:stop] = 0.0
    return True


def clipped_fraction(x: np.ndarray) -> float:
    """Share of the samples of `x` that lie in runs of `CLIP_RUN` or more on the rails.

    The rails are the recording's own extremes, because a clipped sound may have been scaled down afterwards.
    A sound whose extremes are reached only on rounded tops gives nearly zero; a square wave gives nearly one.
    """
    distance = x - (x.max() + x.min()) / 2
    np.abs(distance, out=distance)
    peak = distance.max()
    if peak == 0:
        return 0.0
    on_rail = np.flatnonzero(distance >= CLIP_LEVEL * peak)
    ends = np.flatnonzero(np.diff(on_rail) > 1)
    lengths = np.diff(np.concatenate([[-1], ends, [on_rail.size - 1]]))
    return float(lengths[lengths >= CLIP_RUN].sum() / x.size)
