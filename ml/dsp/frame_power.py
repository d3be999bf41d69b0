"""Log power in bands of short overlapping frames: what the pictures of the beat are made from."""

from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

FRAMES_AT_ONCE = 256  # fits a core's cache: a third of the time of all at once
# Power this far below the recording's loudest heart sounds is the recorder's noise and quantisation, not the heart.
FLOOR_DB = -45.0


class HalfWaves(NamedTuple):
    """Windowed cosines and sines of some spectral lines about a frame's centre, (n_window // 2, n_lines) each.

    With the power alone wanted, a frame's even part meets the cosines and its odd part the sines: two small matrix
    products, which on frames this short take a fraction of the time of numpy's FFT.
    """

    cosines: np.ndarray
    sines: np.ndarray


def half_waves(window: np.ndarray, n_fft: int, lines: slice) -> HalfWaves:
    """Those of a symmetric `window` (n_window,), n_window even, for the chosen lines of a transform of n_fft points."""
    half = window.size // 2
    from_centre = half - 0.5 - np.arange(half)
    line = np.arange(n_fft // 2 + 1)[lines]
    angles = 2 * np.pi / n_fft * np.outer(from_centre, line)
    return HalfWaves(window[:half, None] * np.cos(angles), window[:half, None] * np.sin(angles))


def used_lines(*weights: np.ndarray) -> slice:
    """The spectral lines between the lowest band's foot and the highest's, of all `weights` (n_lines, n_bands)."""
    used = np.flatnonzero(np.any([each.any(axis=1) for each in weights], axis=0))
    return slice(int(used[0]), int(used[-1]) + 1)


def log_triangles(
    n_bands: int, low_hz: float, high_hz: float, *, fs_hz: float, n_fft: int, least_half_hz: float
) -> np.ndarray:
    """Triangular bands with centres evenly spaced in log frequency; (n_fft // 2 + 1, n_bands), columns adding up to 1.

    Where bands are narrower than `least_half_hz` to either side they widen to it, or some would hold no line.
    """
    centres = np.geomspace(low_hz, high_hz, n_bands)
    step = np.log(centres[1] / centres[0])
    frequencies = np.fft.rfftfreq(n_fft, 1 / fs_hz)
    half_hz = np.maximum(centres * np.sinh(step), least_half_hz)
    weights = np.maximum(0, 1 - np.abs(frequencies[:, None] - centres[None, :]) / half_hz[None, :])
    return weights / weights.sum(axis=0)


def line_power(x: np.ndarray, waves: HalfWaves, hop: int) -> np.ndarray:
    """Power of the lines of `waves` in every frame of `x` (n_samples,), float32 (n_frames, n_lines).

    Frame k is centred on sample k * hop. In double precision up to here: sums of so many products would be less exact
    in single than the FFT's, which the models were trained on.
    """
    half = len(waves.cosines)
    padded = np.pad(x, half).astype(np.float64)
    frames = sliding_window_view(padded, 2 * half)[::hop]
    early, late = frames[:, :half], frames[:, : half - 1 : -1]
    power = np.empty((len(frames), waves.cosines.shape[1]), dtype=np.float32)
    for first in range(0, len(frames), FRAMES_AT_ONCE):
        block = slice(first, first + FRAMES_AT_ONCE)
        even = (early[block] + late[block]) @ waves.cosines
        odd = (early[block] - late[block]) @ waves.sines
        power[block] = even * even + odd * odd
    return power


def log_band_power(power: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Nepers in bands, (n_frames, n_bands), of `power` (n_frames, n_lines), the floor under it compressed.

    weights : (n_lines, n_bands), of the same lines.
    """
    in_bands = power @ weights.astype(np.float32)
    # The loudest sounds are judged by the ninth decile, which knocks do not reach and a few seconds suffice for.
    loudest = float(np.quantile(in_bands.max(axis=1), 0.9))
    floor = max(loudest * 10 ** (FLOOR_DB / 10), float(np.finfo(np.float32).tiny))
    return np.log(in_bands + floor)


def between_frames(log_power: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """`log_power` (n_frames, n_bands) at `positions` (...,) in frames, straight lines between: (..., n_bands).

    Before the first frame and after the last it stays what it is there.
    """
    last = log_power.shape[0] - 1
    positions = np.clip(positions, 0, last)
    low = np.minimum(positions.astype(int), last - 1) if last else np.zeros(positions.shape, dtype=int)
    part = (positions - low)[..., None].astype(np.float32)
    return log_power[low] * (1 - part) + log_power[np.minimum(low + 1, last)] * part
