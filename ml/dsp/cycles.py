"""Heart cycles of a segmentation: those that lie wholly inside a recording, and those that its ends cut a little."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ml.dsp.segmentation_features import FRAME_S

S1, SYSTOLE, S2, DIASTOLE = range(4)

# Of a sound or a pause that the recording's end cuts, so much must be there for its cycle to be read.
LEAST_SEEN = 0.6
# Without a whole cycle to compare with: the length of an S1, and a diastole against its systole.
USUAL_S1_S = 0.12
LEAST_DIASTOLE_TO_SYSTOLE = 0.8
# A peak belongs to a sound if it lies so near to its middle, as a share of the sound's length and beside that.
PEAK_SHARE, PEAK_REACH_S = 0.5, 0.05


@dataclass(frozen=True)
class Cycle:
    """One heart cycle from S1 to the next S1: onsets in seconds, and how sure the model is of it (0 to 1)."""

    s1_s: float
    systole_s: float
    s2_s: float
    diastole_s: float
    end_s: float
    confidence: float


class Run(NamedTuple):
    """Frames [begin, end) of one state."""

    state: int
    begin: int
    end: int


def cycle_edges_s(cycles: Sequence[Cycle]) -> np.ndarray:
    """(n_cycles, 5): onsets of S1, systole, S2, diastole and the next S1."""
    edges_s = [(c.s1_s, c.systole_s, c.s2_s, c.diastole_s, c.end_s) for c in cycles]
    return np.array(edges_s, dtype=float).reshape(-1, 5)


def sound_peaks_s(cycles: Sequence[Cycle], s1_times_s: np.ndarray, s2_times_s: np.ndarray) -> np.ndarray:
    """When S1 and S2 of each cycle are strongest, (n_cycles, 2) in seconds, of the peaks found in the recording.

    The middle of a sound stands in for a peak that the recording's end cuts off.
    """
    edges_s = cycle_edges_s(cycles)
    return np.stack(
        [
            _nearest_peak_s(edges_s[:, k], edges_s[:, k + 1], times_s)
            for k, times_s in ((0, s1_times_s), (2, s2_times_s))
        ],
        axis=1,
    )


def _nearest_peak_s(begin_s: np.ndarray, end_s: np.ndarray, times_s: np.ndarray) -> np.ndarray:
    middle_s = (begin_s + end_s) / 2
    if times_s.size == 0:
        return middle_s
    nearest_s = times_s[np.abs(times_s - middle_s[:, None]).argmin(axis=1)]
    reach_s = PEAK_SHARE * (end_s - begin_s) + PEAK_REACH_S
    return np.where(np.abs(nearest_s - middle_s) <= reach_s, nearest_s, middle_s)


def state_runs(states: np.ndarray) -> list[Run]:
    """The runs of equal states in `states` (n_frames,), in order."""
    edges = np.r_[0, np.flatnonzero(np.diff(states)) + 1, states.size]
    return [Run(int(states[a]), int(a), int(b)) for a, b in pairwise(edges)]


def whole_cycles(runs: Sequence[Run], chosen: np.ndarray) -> list[Cycle]:
    """The cycles with all five onsets inside the recording; `chosen` (n_frames,) is the chosen state's probability."""
    first_whole = 1  # the first run began before the recording did
    return [
        _cycle([run.begin for run in runs[i : i + 5]], chosen)
        for i in range(first_whole, len(runs) - 4)
        if runs[i].state == S1
    ]


def cut_cycles(runs: Sequence[Run], chosen: np.ndarray) -> list[Cycle]:
    """The first cycle if the recording begins within its S1, and the last if it ends within its diastole.

    Of what is cut most must be there; the onset outside the recording is put where a usual sound or pause would have
    it. Of a clip of three beats cut from S1 to S1 only one is whole: two thirds of it would go unread.
    """
    last = len(runs) - 4
    found = []
    for i in sorted({0, last}):
        if not 0 <= i <= last or runs[i].state != S1:
            continue
        onsets: list[float] = [run.begin for run in runs[i : i + 4]]
        if i == 0:
            s1 = _usual_length(runs, S1) or USUAL_S1_S / FRAME_S
            if runs[0].end < LEAST_SEEN * s1:
                continue
            onsets[0] = min(runs[0].end - s1, 0)
        if i == last:
            systole, seen = runs[i + 1].end - runs[i + 1].begin, runs[-1].end - runs[-1].begin
            diastole = _usual_length(runs, DIASTOLE)
            if seen < (LEAST_SEEN * diastole if diastole else LEAST_DIASTOLE_TO_SYSTOLE * systole):
                continue
            onsets.append(runs[-1].begin + max(seen, diastole or 0))
        else:
            onsets.append(runs[i + 4].begin)
        found.append(_cycle(onsets, chosen))
    return found


def _cycle(onsets: Sequence[float], chosen: np.ndarray) -> Cycle:
    """From five onsets in frames; those of a cut cycle may lie outside the recording."""
    inside = chosen[max(int(onsets[0]), 0) : int(onsets[-1])]
    s1_s, systole_s, s2_s, diastole_s, end_s = (float(frame * FRAME_S) for frame in onsets)
    return Cycle(s1_s, systole_s, s2_s, diastole_s, end_s, float(inside.mean()))


def _usual_length(runs: Sequence[Run], state: int) -> float | None:
    """Median length in frames of the runs of `state` that no end of the recording cuts; None where there are none."""
    lengths = [run.end - run.begin for run in runs[1:-1] if run.state == state]
    return float(np.median(lengths)) if lengths else None
