"""A picture of a recording's average beat about the peaks of S1 and S2, in milliseconds.

`ml.dsp.beat_image` stretches every phase to the same length, which blurs what keeps its own time whatever the rate:
the parts of a sound, a split, a click, how soon a murmur follows. Here the time about the two peaks is not stretched,
only what is left of the pauses between them.
"""

import numpy as np

from ml.dsp.beat_image import CHANNELS, image_of_stack
from ml.dsp.beat_spectrum import N_QUICK_BANDS, QUICK_RATE_HZ, BeatSpectrum
from ml.dsp.cycles import DIASTOLE, S1, S2, SYSTOLE, cycle_edges_s
from ml.dsp.frame_power import between_frames

STEP_S = 0.01
BEFORE_PEAK_S = 0.08
AFTER_PEAKS_S = (0.12, 0.20)  # S1, S2: up to there, the last step not included
PAUSE_STEPS = 6  # of what is left of systole, and of diastole
_FROM_S1_S, _FROM_S2_S = (
    STEP_S * np.arange(-round(BEFORE_PEAK_S / STEP_S), round(after_s / STEP_S)) for after_s in AFTER_PEAKS_S
)
N_MOMENTS = _FROM_S1_S.size + _FROM_S2_S.size + 2 * PAUSE_STEPS


def moments_s(spectrum: BeatSpectrum) -> np.ndarray:
    """When each column of the picture lies in each cycle: seconds (n_cycles, N_MOMENTS).

    About S1's peak, the rest of systole, about S2's peak, the rest of diastole up to the next S1.
    """
    edges_s = cycle_edges_s(spectrum.cycles)
    s1_s, s2_s = spectrum.peaks_s[:, :1], spectrum.peaks_s[:, 1:]
    next_s1_s = s1_s + edges_s[:, 4:] - edges_s[:, :1]
    return np.concatenate(
        [
            s1_s + _FROM_S1_S,
            _pause(s1_s + AFTER_PEAKS_S[0], s2_s - BEFORE_PEAK_S),
            s2_s + _FROM_S2_S,
            _pause(s2_s + AFTER_PEAKS_S[1], next_s1_s - BEFORE_PEAK_S),
        ],
        axis=1,
    )


def _pause(begin_s: np.ndarray, end_s: np.ndarray) -> np.ndarray:
    """PAUSE_STEPS moments from begin on, evenly spread up to the end; one moment where a fast heart leaves no pause."""
    return begin_s + np.maximum(end_s - begin_s, 0) * np.arange(PAUSE_STEPS) / PAUSE_STEPS


def moment_phases(spectrum: BeatSpectrum) -> np.ndarray:
    """The phase, S1 to DIASTOLE, that most cycles are in at each moment: (N_MOMENTS,)."""
    edges_s = cycle_edges_s(spectrum.cycles)
    begun = (moments_s(spectrum)[:, :, None] >= edges_s[:, None, :]).sum(axis=2)
    # None begun is the diastole before, all five are the next S1.
    phase = np.array([DIASTOLE, S1, SYSTOLE, S2, DIASTOLE, S1])[begun]
    return np.array([np.bincount(column, minlength=DIASTOLE + 1).argmax() for column in phase.T])


def peak_stack(spectrum: BeatSpectrum) -> np.ndarray:
    """Every cycle at its moments: float32 (n_cycles, N_MOMENTS, N_QUICK_BANDS), log power."""
    return between_frames(spectrum.quick_log_power, moments_s(spectrum) * QUICK_RATE_HZ)


def peak_picture(spectrum: BeatSpectrum) -> np.ndarray:
    """Median, lower quartile and interquartile range over cycles, level and colour off; float32 `peak_shape()`."""
    return image_of_stack(peak_stack(spectrum))


def peak_shape() -> tuple[int, int, int]:
    return (N_MOMENTS, N_QUICK_BANDS, len(CHANNELS))
