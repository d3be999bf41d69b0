"""Order, duplicates, conflicts and gaps of one recording's frames."""

from __future__ import annotations

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.fields import ProtocolError
from recordings.protocol import Frame
from recordings.take_ledger import Mark, Progress, TakeLedger, find_gaps


def frame(seq: int, sample_index: int | None = None, n_samples: int = 800, byte: int = 0) -> Frame:
    index = seq * 800 if sample_index is None else sample_index
    return Frame(epoch=1, seq=seq, sample_index=index, pcm=bytes([byte, 0]) * n_samples)


@given(st.permutations(range(12)))
def test_frames_in_any_order_end_in_the_same_place(order):
    ledger = TakeLedger(uuid4())
    seen = set()
    for seq in order:
        assert ledger.offer(frame(seq))
        seen.add(seq)
        contiguous = next(n for n in range(13) if n not in seen)
        assert ledger.progress == Progress(contiguous - 1, contiguous * 800)
        assert ledger.next_seq == contiguous
        assert ledger.next_sample == contiguous * 800
    assert [mark.seq for mark in ledger.marks] == list(range(12))


def test_the_same_frame_twice_counts_once():
    ledger = TakeLedger(uuid4())
    assert ledger.offer(frame(0))
    assert not ledger.offer(frame(0))
    assert len(ledger.marks) == 1


def test_a_jump_of_the_sample_index_is_no_hole_in_the_sequence():
    ledger = TakeLedger(uuid4())
    ledger.offer(frame(0))
    ledger.offer(frame(1, sample_index=4000))
    assert ledger.progress == Progress(1, 1600)
    assert ledger.next_sample == 4800


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (frame(0, byte=1), "frame.conflict"),
        (frame(0, n_samples=400), "frame.conflict"),
        (frame(0, sample_index=1), "frame.conflict"),
        (frame(1, sample_index=799), "frame.conflict"),
        (frame(2, sample_index=0), "frame.conflict"),
        (frame(1, sample_index=90 * 8000 - 799), "recording.too_long"),
        (frame(2**32 - 1, sample_index=800), "frame.too_many"),
    ],
)
def test_what_cannot_be_true_is_refused(second, code):
    ledger = TakeLedger(uuid4())
    ledger.offer(frame(0))
    with pytest.raises(ProtocolError) as refusal:
        ledger.offer(second)
    assert refusal.value.code == code
    assert ledger.progress == Progress(0, 800)


def test_a_late_frame_must_fit_between_its_neighbours():
    ledger = TakeLedger(uuid4())
    ledger.offer(frame(0))
    ledger.offer(frame(2, sample_index=1600))
    with pytest.raises(ProtocolError):
        ledger.offer(frame(1, sample_index=900))
    assert ledger.offer(frame(1, sample_index=800))


def test_a_ledger_is_rebuilt_from_its_marks():
    ledger = TakeLedger(uuid4())
    for seq in (0, 1, 3):
        ledger.offer(frame(seq))
    again = TakeLedger(ledger.recording, marks=ledger.marks)
    assert again.progress == ledger.progress == Progress(1, 1600)
    assert not again.offer(frame(3))


def test_gaps_are_the_holes_between_runs():
    assert find_gaps([(0, 800), (800, 1600)]) == []
    assert find_gaps([(100, 800), (1000, 1200)]) == [[0, 100], [800, 200]]
    assert find_gaps([]) == []


def test_a_mark_tells_contents_apart():
    assert Mark.of(frame(0, byte=1)) != Mark.of(frame(0, byte=2))
