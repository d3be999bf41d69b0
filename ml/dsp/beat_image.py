"""Pictures of a recording's average beat: phase of the cycle by frequency, without level and device colour.

The beat network reads two of them, one after the other in the last axis: with bands evenly spaced in log frequency,
which divide low murmurs finely, and on the mel scale, which divides high ones.
"""

from collections.abc import Sequence

import numpy as np

from ml.dsp.beat_spectrum import N_BANDS, SPECTRUM_RATE_HZ, BeatSpectrum
from ml.dsp.cycles import Cycle, cycle_edges_s
from ml.dsp.frame_power import between_frames
from ml.dsp.quantiles import quartiles

PHASE_BINS = (4, 8, 4, 12)  # S1, systole, S2, diastole
N_PHASES = sum(PHASE_BINS)
CHANNELS = ("median", "lower quartile", "interquartile range")
# Where each picture lies in the last axis of `beat_pictures`.
LOG_PICTURE = slice(0, len(CHANNELS))
MEL_PICTURE = slice(len(CHANNELS), 2 * len(CHANNELS))


def beat_stack(spectrum: BeatSpectrum) -> np.ndarray:
    """Every cycle stretched to the same phases: float32 (n_cycles, N_PHASES, N_BANDS), log power."""
    return _stack(spectrum.log_power, spectrum.cycles)


def mel_beat_stack(spectrum: BeatSpectrum) -> np.ndarray:
    """The same in bands of the mel scale."""
    return _stack(spectrum.mel_log_power, spectrum.cycles)


def _stack(log_power: np.ndarray, cycles: Sequence[Cycle]) -> np.ndarray:
    edges = cycle_edges_s(cycles)
    positions = (
        np.concatenate(
            [
                edges[:, [k]] + (edges[:, [k + 1]] - edges[:, [k]]) * (np.arange(n) + 0.5) / n
                for k, n in enumerate(PHASE_BINS)
            ],
            axis=1,
        )
        * SPECTRUM_RATE_HZ
    )
    return between_frames(log_power, positions)


def beat_image(spectrum: BeatSpectrum) -> np.ndarray:
    """Median, lower quartile and interquartile range over cycles; float32 (N_PHASES, N_BANDS, 3).

    Each band's mean over the phases is taken off median and quartile alike, which removes the microphone's colour and
    the recording's level and keeps how far the quiet beats lie below the usual ones.
    """
    return image_of_stack(beat_stack(spectrum))


def mel_beat_image(spectrum: BeatSpectrum) -> np.ndarray:
    """The same on the mel spectrogram: high bands are finer there, low ones coarser."""
    return image_of_stack(mel_beat_stack(spectrum))


def beat_pictures(spectrum: BeatSpectrum) -> np.ndarray:
    """Both pictures, on log frequency and on the mel scale: float32 `pictures_shape()`."""
    return np.concatenate([beat_image(spectrum), mel_beat_image(spectrum)], axis=-1)


def image_of_stack(stack: np.ndarray) -> np.ndarray:
    """The picture of some of a recording's cycles, `stack` (n_cycles, ..., N_PHASES, N_BANDS), at least one.

    float32 (..., N_PHASES, N_BANDS, 3): one picture for each choice of cycles in the axes between.
    """
    low, middle, spread = quartiles(stack)
    colour = middle.mean(axis=-2, keepdims=True)
    return np.stack([middle - colour, low - colour, spread], axis=-1).astype(np.float32)


def image_shape() -> tuple[int, int, int]:
    return (N_PHASES, N_BANDS, len(CHANNELS))


def pictures_shape() -> tuple[int, int, int]:
    return (N_PHASES, N_BANDS, 2 * len(CHANNELS))
