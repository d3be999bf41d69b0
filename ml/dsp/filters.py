"""Zero-phase Butterworth filters for whole recordings, applied in the frequency domain.

The digital filter is the bilinear transform of the analogue one with its edges pre-warped (Oppenheim & Schafer,
Discrete-Time Signal Processing, 3rd ed., section 7.2). On the unit circle s = j tan(w / 2), so its response is known
in closed form and no recursion is needed.
"""

import numpy as np

from ml.dsp.fft import fast_length
from ml.errors import SignalError

# First and second heart sounds lie within this band; Schmidt et al. 2010 (Physiol. Meas. 31:513) filter the same way.
HEART_BAND_HZ = (25.0, 400.0)
FILTER_ORDER = 2  # per pass; forward and backward make it 4
# What is left of a transient when it would wrap round the end of the transform.
NEGLIGIBLE = 1e-13


class _Butterworth:
    """One pass: `response` on a grid of frequencies, its `steady` gain at 0 Hz, how long it rings (`tail`, samples).

    edges_hz : (cutoff,) of a low or high pass, (low, high) of a band pass.
    """

    def __init__(self, kind: str, order: int, edges_hz: tuple[float, ...], fs_hz: float) -> None:
        if any(not 0 < edge < fs_hz / 2 for edge in edges_hz):
            raise SignalError(
                "signal.rate", f"A filter at {edges_hz} Hz needs a sample rate above {2 * max(edges_hz)} Hz."
            )
        self._kind = kind
        self._edges = np.tan(np.pi * np.array(edges_hz) / fs_hz)
        angles = np.pi * (2 * np.arange(order) + order + 1) / (2 * order)
        self._poles = np.exp(1j * angles)  # of the analogue low pass with its edge at 1 rad/s
        self.steady = 1.0 if kind == "low" else 0.0
        s = self._analogue_poles()
        self.tail = int(np.ceil(np.log(NEGLIGIBLE) / np.log(np.abs((1 + s) / (1 - s)).max())))

    def _analogue_poles(self) -> np.ndarray:
        if self._kind == "low":
            return self._poles * self._edges[0]
        if self._kind == "high":
            return self._edges[0] / self._poles
        half = self._poles * (self._edges[1] - self._edges[0]) / 2
        root = np.sqrt(half**2 - self._edges[0] * self._edges[1])
        return np.concatenate([half + root, half - root])

    def response(self, n_fft: int) -> np.ndarray:
        """Complex gain at the frequencies of a real transform of `n_fft` samples, (n_fft // 2 + 1,)."""
        half_angle = np.pi * np.arange(n_fft // 2 + 1) / n_fft
        sine, cosine = np.sin(half_angle), np.cos(half_angle)
        # The low pass's frequency as a fraction, so that its pole at infinity needs no special case.
        if self._kind == "low":
            above, below = sine, self._edges[0] * cosine
        elif self._kind == "high":
            above, below = -self._edges[0] * cosine, sine
        else:
            above = sine**2 - self._edges[0] * self._edges[1] * cosine**2
            below = (self._edges[1] - self._edges[0]) * sine * cosine
        gain = np.ones(half_angle.size, dtype=np.complex128)
        for pole in self._poles:
            gain *= below / (1j * above - pole * below)
        return gain


def _zero_phase(x: np.ndarray, one_pass: _Butterworth, settle_s: float, fs_hz: float) -> np.ndarray:
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 1 or x.size == 0:
        raise SignalError("signal.shape", "The sound must have one channel and at least one sample.")
    # The extension at the ends must outlast the filter's own transient, or its start rings into the recording.
    n_ends = min(int(settle_s * fs_hz), x.size - 1)
    before = 2 * x[0] - x[n_ends:0:-1]
    after = 2 * x[-1] - x[-2 : -n_ends - 2 : -1]
    extended = np.concatenate([before, x, after])
    n_fft = fast_length(extended.size + one_pass.tail)
    response = one_pass.response(n_fft)
    for _ in range(2):
        extended = _from_rest(extended, response, one_pass.steady, n_fft)[::-1]
    return extended[n_ends : n_ends + x.size].copy()


def _from_rest(x: np.ndarray, response: np.ndarray, steady: float, n_fft: int) -> np.ndarray:
    """`x` filtered as if its first value had been held for ever before it."""
    held = x[0]
    return np.fft.irfft(np.fft.rfft(x - held, n_fft) * response, n_fft)[: x.size] + steady * held


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
    return _zero_phase(x, _Butterworth("band", order, (low_hz, high_hz), fs_hz), 3 / low_hz, fs_hz)


def high_pass(x: np.ndarray, fs_hz: float, cutoff_hz: float, order: int = FILTER_ORDER) -> np.ndarray:
    """`x` (n_samples,) above `cutoff_hz`, without delay, 6 dB down at the cutoff. Errors as in `band_pass`."""
    return _zero_phase(x, _Butterworth("high", order, (cutoff_hz,), fs_hz), 3 / cutoff_hz, fs_hz)


def low_pass(x: np.ndarray, fs_hz: float, cutoff_hz: float, order: int = FILTER_ORDER) -> np.ndarray:
    """`x` (n_samples,) below `cutoff_hz`, without delay, 6 dB down at the cutoff. Errors as in `band_pass`."""
    return _zero_phase(x, _Butterworth("low", order, (cutoff_hz,), fs_hz), 3 / cutoff_hz, fs_hz)
