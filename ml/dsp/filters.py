"""Zero-phase filters for whole recordings. Coefficients are designed once per (kind, order, edges, rate)."""

from functools import lru_cache

import numpy as np
from scipy.signal import butter, sosfiltfilt

from ml.errors import SignalError

# First and second heart sounds lie within this band; Schmidt et al. 2010 (Physiol. Meas. 31:513) filter the same way.
HEART_BAND_HZ = (25.0, 400.0)
FILTER_ORDER = 2  # per pass; forward and backward make it 4


@lru_cache(maxsize=64)
def _sections(kind: str, order: int, edges_hz: tuple[float, ...], fs_hz: float) -> np.ndarray:
    if any(not 0 < edge < fs_hz / 2 for edge in edges_hz):
        raise SignalError(
            "signal.rate", f"A filter at {edges_hz} Hz needs a sample rate above {2 * max(edges_hz)} Hz."
        )
    return butter(order, edges_hz if len(edges_hz) > 1 else edges_hz[0], kind, fs=fs_hz, output="sos")


def _zero_phase(x: np.ndarray, sections: np.ndarray, settle_s: float, fs_hz: float) -> np.ndarray:
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 1 or x.size == 0:
        raise SignalError("signal.shape", "The sound must have one channel and at least one sample.")
    # The extension at the ends must outlast the filter's own transient, or its start rings into the recording.
    return sosfiltfilt(sections, x, padlen=min(int(settle_s * fs_hz), x.size - 1))


def band_pass(
    x: np.ndarray,
    fs_hz: float,
    low_hz: float = HEART_BAND_HZ[0],
    high_hz: float = HEART_BAND_HZ[1],
    order: int = FILTER_ORDER,
) -> np.ndarray:
    """`x` (n_samples,) between `low_hz` and `high_hz`, without delay; each edge is 6 dB down (two passes of 3 dB).

    Raises SignalError "signal.rate" when an edge is not below fs_hz / 2, "signal.shape" unless one-dimensional.
    """
    return _zero_phase(x, _sections("bandpass", order, (low_hz, high_hz), fs_hz), 3 / low_hz, fs_hz)


def high_pass(x: np.ndarray, fs_hz: float, cutoff_hz: float, order: int = FILTER_ORDER) -> np.ndarray:
    """`x` (n_samples,) above `cutoff_hz`, without delay, 6 dB down at the cutoff. Errors as in `band_pass`."""
    return _zero_phase(x, _sections("highpass", order, (cutoff_hz,), fs_hz), 3 / cutoff_hz, fs_hz)


def low_pass(x: np.ndarray, fs_hz: float, cutoff_hz: float, order: int = FILTER_ORDER) -> np.ndarray:
    """`x` (n_samples,) below `cutoff_hz`, without delay, 6 dB down at the cutoff. Errors as in `band_pass`."""
    return _zero_phase(x, _sections("lowpass", order, (cutoff_hz,), fs_hz), 3 / cutoff_hz, fs_hz)
