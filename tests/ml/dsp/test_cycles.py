"""Which cycles of a segmentation are whole, and which of those at the ends can be read all the same."""

from itertools import pairwise

import numpy as np
import pytest

from ml.dsp.cycles import (
    DIASTOLE,
    LEAST_SEEN,
    S1,
    S2,
    SYSTOLE,
    cut_cycles,
    sound_peaks_s,
    state_runs,
    whole_cycles,
)
from ml.dsp.segmentation import FRAME_S, segment
from tests.ml.dsp.heart_sounds import FS_HZ, steady

LENGTHS = {S1: 6, SYSTOLE: 9, S2: 5, DIASTOLE: 20}  # frames
CYCLE = sum(LENGTHS.values())


def states(first: int, n_frames: int) -> np.ndarray:
    """`n_frames` of an endless steady heart, from `first` frames after an onset of S1."""
    beat = np.repeat(list(LENGTHS), list(LENGTHS.values()))
    return np.resize(np.roll(beat, -first), n_frames)


def cycles_of(states):
    runs, chosen = state_runs(states), np.full(states.size, 0.9)
    return whole_cycles(runs, chosen), cut_cycles(runs, chosen)


def test_of_three_beats_cut_from_s1_to_s1_all_are_read():
    whole, cut = cycles_of(states(0, 3 * CYCLE))
    assert [cycle.s1_s for cycle in whole] == pytest.approx([CYCLE * FRAME_S])
    assert [cycle.s1_s for cycle in cut] == pytest.approx([0, 2 * CYCLE * FRAME_S])
    assert cut[-1].end_s == pytest.approx(3 * CYCLE * FRAME_S)
    assert [cycle.confidence for cycle in cut] == pytest.approx([0.9, 0.9])


@pytest.mark.parametrize("missing", range(LENGTHS[S1]))
def test_the_first_sound_is_read_if_most_of_it_is_there(missing):
    _, cut = cycles_of(states(missing, 2 * CYCLE + LENGTHS[S1]))
    if LENGTHS[S1] - missing >= LEAST_SEEN * LENGTHS[S1]:
        assert cut[0].s1_s == pytest.approx(-missing * FRAME_S)
        assert cut[0].systole_s == pytest.approx((LENGTHS[S1] - missing) * FRAME_S)
    else:
        assert cut == []


@pytest.mark.parametrize("seen", [0, 5, 11, 12, 19])
def test_the_last_pause_is_read_if_most_of_it_is_there(seen):
    from_systole = LENGTHS[S1] + 1
    whole, cut = cycles_of(states(from_systole, 3 * CYCLE - from_systole - LENGTHS[DIASTOLE] + seen))
    assert len(whole) == 1
    if seen >= LEAST_SEEN * LENGTHS[DIASTOLE]:
        assert cut[0].end_s - cut[0].s1_s == pytest.approx(CYCLE * FRAME_S)
    else:
        assert cut == []


def test_a_single_beat_is_measured_by_itself():
    whole, cut = cycles_of(states(0, CYCLE))
    assert whole == []
    assert [cycle.s1_s for cycle in cut] == pytest.approx([0])
    assert [cycle.end_s for cycle in cut] == pytest.approx([CYCLE * FRAME_S])
    assert cycles_of(states(0, CYCLE - LENGTHS[DIASTOLE] + 3)) == ([], [])


@pytest.mark.parametrize("only", [S1, SYSTOLE, DIASTOLE])
def test_one_state_throughout_holds_no_cycle(only):
    assert cycles_of(np.full(100, only)) == ([], [])


def test_readable_cycles_are_in_order_and_beside_each_other():
    sound = steady(75, 6)
    begin, end = (int((at - 0.06) * FS_HZ) for at in sound.s1_s[[1, 4]])
    found = segment(sound.x[begin:end], FS_HZ)
    readable = found.readable_cycles
    assert len(readable) == 3 > len(found.cycles)
    for before, after in pairwise(readable):
        assert before.end_s == pytest.approx(after.s1_s)


def test_each_sound_has_the_peak_near_it_and_its_middle_where_the_end_cut_the_peak_off():
    whole, cut = cycles_of(states(0, 3 * CYCLE))
    cycles = [cut[0], *whole, cut[1]]
    middle_s = LENGTHS[S1] / 2 * FRAME_S
    s1_times_s = np.array([1, 2]) * CYCLE * FRAME_S + middle_s + 0.03
    s2_times_s = np.arange(3) * CYCLE * FRAME_S + (LENGTHS[S1] + LENGTHS[SYSTOLE] + 1) * FRAME_S
    peaks_s = sound_peaks_s(cycles, s1_times_s, s2_times_s)
    assert peaks_s[:, 0] == pytest.approx([middle_s, *s1_times_s])
    assert peaks_s[:, 1] == pytest.approx(s2_times_s)
    alone = sound_peaks_s(cycles, np.zeros(0), s2_times_s)
    assert alone[:, 0] == pytest.approx(np.arange(3) * CYCLE * FRAME_S + middle_s)
