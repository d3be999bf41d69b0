"""What the segmentation sees: band power in 20 ms frames, with level, device colour and slow drift removed.

One function so that training and use cannot differ. Frame k covers samples [k, k + 1) * FRAME_S * fs.
"""

import numpy as np

from ml.dsp.envelope import wavelet_power
from ml.errors import SignalError

FRAME_RATE_HZ = 50
FRAME_S = 1 / FRAME_RATE_HZ
ANALYSIS_RATE_HZ = 2000
# S1 has its energy near 40 Hz, S2 higher; above 300 Hz a murmur shows more than a heart sound does.
BANDS_HZ = ((25.0, 45.0), (40.0, 70.0), (60.0, 110.0), (100.0, 180.0), (160.0, 320.0), (300.0, 600.0))
# Level and colour are judged over this long: several cycles of the slowest heart, short enough to follow a moved
# phone.
LOCAL_WINDOW_S = 6.0
# Offsets of the frames, relative to the one being classified, that the emission model sees: dense near, sparse far.
CONTEXT_FRAMES = (
    -32,
    -26,
    -21,
    -17,
    -14,
    -11,
    -9,
    -7,
    -5,
    -4,
    -3,
    -2,
    -1,
    0,
    1,
    2,
    3,
    4,
    5,
    7,
    9,
    11,
    14,
    17,
    21,
    26,
    32,
)
LIMIT = 3.0


def band_power(x: np.ndarray, fs_hz: float) -> np.ndarray:
    """Power of `x` (n_samples,) at 2000 Hz in BANDS_HZ; float64 of shape (n_bands, n_frames).

    Raises SignalError "signal.rate" for any other rate, "signal.too_short" under half a second.
    """
    if fs_hz != ANALYSIS_RATE_HZ:
        raise SignalError("signal.rate", f"Segmentation works at {ANALYSIS_RATE_HZ} Hz; resample first.")
    if np.asarray(x).size < 0.5 * fs_hz:
        raise SignalError("signal.too_short", "The sound is shorter than half a second.")
    return wavelet_power(x, fs_hz, BANDS_HZ, FRAME_RATE_HZ)


def _moving_mean(rows: np.ndarray, width: int) -> np.ndarray:
    """Mean over `width` frames, centred; near the ends the window is moved inwards, not shortened."""
    n = rows.shape[1]
    width = min(width, n)
    total = np.concatenate([np.zeros((rows.shape[0], 1)), np.cumsum(rows, axis=1)], axis=1)
    start = np.clip(np.arange(n) - width // 2, 0, n - width)
    return (total[:, start + width] - total[:, start]) / width


def normalise(power: np.ndarray) -> np.ndarray:
    """Log power relative to its own local mean, in local standard deviations; same shape as `power`."""
    floor = np.maximum(np.median(power, axis=1, keepdims=True) * 1e-4, np.finfo(float).tiny)
    log_power = np.log(power + floor)
    width = int(LOCAL_WINDOW_S * FRAME_RATE_HZ)
    mean = _moving_mean(log_power, width)
    centred = log_power - mean
    variance = _moving_mean(centred**2, width)
    return np.clip(centred / np.sqrt(variance + 1e-2), -LIMIT, LIMIT)


def in_context(normalised: np.ndarray) -> np.ndarray:
    """Each frame beside its neighbours: (n_bands, n_frames) -> (n_frames, n_bands * n_offsets); 0 beyond the ends."""
    n_bands, n_frames = normalised.shape
    reach = max(abs(offset) for offset in CONTEXT_FRAMES)
    padded = np.zeros((n_bands, n_frames + 2 * reach), dtype=np.float32)
    padded[:, reach : reach + n_frames] = normalised
    columns = np.arange(n_frames)[:, None] + reach + np.asarray(CONTEXT_FRAMES)[None, :]
    return padded[:, columns].transpose(1, 0, 2).reshape(n_frames, -1)
