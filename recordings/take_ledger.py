"""Which frames of one recording have arrived: order, duplicates, conflicts, gaps. Pure."""

from __future__ import annotations

import zlib
from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import NamedTuple, Self
from uuid import UUID

from recordings.fields import ProtocolError
from recordings.protocol import SAMPLE_RATE_HZ, CloseCode, Frame

# A phone sends 10 frames a second; an average of under 10 ms each is an attack on memory, not a recording.
MIN_MEAN_FRAME_SAMPLES = 80
# The longest target a clinician may choose (60 s) and the longest settling (10 s), with room to spare.
MAX_TAKE_S = 90


class Mark(NamedTuple):
    """What is remembered of a frame once its samples are on disk. Sorts by `seq`."""

    seq: int
    sample_index: int
    n_samples: int
    crc32: int

    @classmethod
    def of(cls, frame: Frame) -> Self:
        return cls(frame.seq, frame.sample_index, frame.n_samples, zlib.crc32(frame.pcm))

    @property
    def end(self) -> int:
        return self.sample_index + self.n_samples


class Progress(NamedTuple):
    """How far a recording has come without a hole: the last such sequence number, the samples up to it."""

    seq: int
    samples: int


class TakeLedger:
    """The frames of one recording, in order of sequence number."""

    def __init__(
        self, recording: UUID, *, marks: Iterable[Mark] = (), max_samples: int = MAX_TAKE_S * SAMPLE_RATE_HZ
    ) -> None:
        self.recording = recording
        self._max_samples = max_samples
        self._marks: list[Mark] = []
        self._by_seq: dict[int, Mark] = {}
        self._progress = Progress(-1, 0)
        for mark in marks:
            self.add(mark)

    @property
    def marks(self) -> list[Mark]:
        return list(self._marks)

    @property
    def next_seq(self) -> int:
        """The first sequence number that has not arrived."""
        return self.progress.seq + 1

    @property
    def next_sample(self) -> int:
        """The sample index after the last frame that arrived without a hole."""
        return self._by_seq[self.progress.seq].end if self.progress.seq >= 0 else 0

    @property
    def progress(self) -> Progress:
        return self._progress

    def offer(self, frame: Frame) -> bool:
        """Take in one frame. False for one that came before; ProtocolError for one that cannot be true."""
        mark = Mark.of(frame)
        if mark.end > self._max_samples:
            seconds = self._max_samples // SAMPLE_RATE_HZ
            raise ProtocolError(
                "recording.too_long", f"A recording may last {seconds} seconds at most.", CloseCode.TOO_BIG
            )
        known = self._by_seq.get(mark.seq)
        if known is not None:
            if known != mark:
                raise ProtocolError("frame.conflict", "A frame contradicts one that came before.")
            return False
        if mark.seq >= self._max_samples // MIN_MEAN_FRAME_SAMPLES:
            raise ProtocolError("frame.too_many", "There are more frames than a recording can have.")
        self._check_neighbours(mark)
        self.add(mark)
        return True

    def add(self, mark: Mark) -> None:
        """Take in what was checked before; a sequence number that is known already changes nothing."""
        if mark.seq in self._by_seq:
            return
        self._by_seq[mark.seq] = mark
        insort(self._marks, mark)
        seq, samples = self._progress
        while (following := self._by_seq.get(seq + 1)) is not None:
            seq, samples = seq + 1, samples + following.n_samples
        self._progress = Progress(seq, samples)

    def _check_neighbours(self, mark: Mark) -> None:
        place = bisect_left(self._marks, mark.seq, key=lambda other: other.seq)
        before = self._marks[place - 1] if place else None
        after = self._marks[place] if place < len(self._marks) else None
        if (before and before.end > mark.sample_index) or (after and mark.end > after.sample_index):
            raise ProtocolError("frame.conflict", "A frame's samples overlap those of another.")


def find_gaps(runs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Holes between runs of samples.

    Parameters
    ----------
    runs : (first sample, sample after the last) of each run, ascending, not overlapping

    Returns
    -------
    [[first missing sample, number of samples], ...] from sample 0 to the end of the last run
    """
    gaps, expected = [], 0
    for start, end in runs:
        if start > expected:
            gaps.append([expected, start - expected])
        expected = max(expected, end)
    return gaps
