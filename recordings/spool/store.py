"""One journal per process: frames of many takes in one file, acknowledged after one fdatasync for all."""

from __future__ import annotations

import shutil
import threading
import uuid
from concurrent.futures import Future
from itertools import count
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from recordings.protocol import Frame, parse_frame
from recordings.spool.adoption import DIRECTORY_PREFIX, SEGMENT_SUFFIX, Take, adopt
from recordings.spool.errors import SpoolError
from recordings.spool.files import DirectoryLock, Segment
from recordings.spool.records import HEAD_BYTES, Kind, encode_record, encode_stop
from recordings.spool.writer import COMMIT_INTERVAL_S, GroupCommit
from recordings.take_ledger import Mark, Progress, TakeLedger

SEGMENT_BYTES = 16 * 1024 * 1024
# A recording of 90 s is 1.4 MB; this leaves room for its FLAC, the database and the phones beside it.
MIN_FREE_BYTES = 64 * 1024 * 1024


class TakeState(NamedTuple):
    """What is on disk of one recording that is not filed yet."""

    recording: UUID
    marks: list[Mark]
    stop: dict | None
    is_recovered: bool


class _Entry(NamedTuple):
    kind: Kind
    recording: UUID
    body: bytes
    mark: Mark | None
    stop: dict | None


class Spool:
    """The journal of this process under `root`, with what earlier processes left there.

    Every method may be called from any thread. Appends return at once; their future holds, once the frame is
    on disk, how far the recording has come without a hole, or a SpoolError when it could not be written.
    Appends of one recording that are committed together share one future.
    """

    def __init__(
        self, root: Path, *, interval_s: float = COMMIT_INTERVAL_S, segment_bytes: int = SEGMENT_BYTES
    ) -> None:
        self._root = root
        self._segment_bytes = segment_bytes
        self._guard = threading.Lock()
        self._numbers = count(1)
        self._current: Segment | None = None
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        inherited = adopt(root)
        self._takes = inherited.takes
        self._segments = inherited.segments
        self._locks = inherited.locks
        self._directory = root / f"{DIRECTORY_PREFIX}{uuid.uuid4().hex}"
        self._directory.mkdir(mode=0o700)
        own_lock = DirectoryLock(self._directory)
        own_lock.acquire()
        self._locks[self._directory] = own_lock
        self._sweep()
        self._writer: GroupCommit[UUID, _Entry] = GroupCommit(self._commit, interval_s=interval_s)

    def begin(self, recording: UUID) -> None:
        """Make room for a take. SpoolError when the disk is all but full."""
        try:
            free_bytes = shutil.disk_usage(self._directory).free
        except OSError as error:
            raise SpoolError.of(error) from error
        if free_bytes < MIN_FREE_BYTES:
            raise SpoolError.disk_full()
        with self._guard:
            self._takes.setdefault(recording, Take(TakeLedger(recording)))

    def append(self, recording: UUID, frame: Frame) -> Future[Progress]:
        return self._add(_Entry(Kind.FRAME, recording, frame.encode(), Mark.of(frame), None))

    def stop(self, recording: UUID, stop: dict) -> Future[Progress]:
        """Note what the phone said when it stopped; on disk together with everything before it."""
        return self._add(_Entry(Kind.STOP, recording, encode_stop(stop), None, stop), urgent=True)

    def filed(self, recording: UUID) -> Future[Progress]:
        """The recording is stored elsewhere for good: its frames may go. Nothing happens for one not known here."""
        entry = _Entry(Kind.DONE, recording, b"", None, None)
        return self._writer.add(recording, entry, urgent=True)

    def state(self, recording: UUID) -> TakeState | None:
        """What is on disk of an unfiled recording; None when there is none here."""
        with self._guard:
            take = self._takes.get(recording)
            if take is None:
                return None
            return TakeState(recording, take.ledger.marks, take.stop, take.is_recovered)

    def unfiled(self) -> list[TakeState]:
        with self._guard:
            recordings = list(self._takes)
        return [state for recording in recordings if (state := self.state(recording))]

    def frames(self, recording: UUID) -> list[Frame]:
        """The frames of a take that are on disk, in order of sequence number."""
        with self._guard:
            places = sorted(self._takes[recording].places.items())
        by_segment: dict[Segment, list[tuple[int, int, int]]] = {}
        for seq, (segment, offset, length) in places:
            by_segment.setdefault(segment, []).append((seq, offset, length))
        frames: dict[int, Frame] = {}
        for segment, wanted in by_segment.items():
            bodies = segment.read([(offset, length) for _, offset, length in wanted])
            frames.update((seq, parse_frame(body)) for (seq, _, _), body in zip(wanted, bodies, strict=True))
        return [frames[seq] for seq, _ in places]

    def close(self) -> None:
        """Commit what is waiting and let go of the directories."""
        self._writer.close()
        if self._current is not None:
            self._current.close()
            self._current = None
        self._sweep()
        for lock in self._locks.values():
            lock.release()

    def _add(self, entry: _Entry, *, urgent: bool = False) -> Future[Progress]:
        with self._guard:
            if entry.recording not in self._takes:
                raise SpoolError.unavailable()
        return self._writer.add(entry.recording, entry, urgent=urgent)

    def _commit(self, batch: list[_Entry]) -> dict[UUID, Progress]:
        """Write a batch. Runs in the writer's thread."""
        records = [encode_record(entry.kind, entry.recording, entry.body) for entry in batch]
        try:
            segment = self._open_segment()
            offset = segment.append(b"".join(records))
            self._register(batch, records, segment, offset)
        except OSError as error:
            self._retire_segment()
            raise SpoolError.of(error) from error
        finally:
            self._forget([entry.recording for entry in batch if entry.kind is Kind.DONE])
        with self._guard:
            takes = {entry.recording: self._takes.get(entry.recording) for entry in batch}
            return {key: take.ledger.progress if take else Progress(-1, 0) for key, take in takes.items()}

    def _register(self, batch: list[_Entry], records: list[bytes], segment: Segment, offset: int) -> None:
        with self._guard:
            for entry, record in zip(batch, records, strict=True):
                take = self._takes.get(entry.recording)
                if take is not None and entry.mark is not None:
                    take.add(entry.mark, segment, offset + HEAD_BYTES, len(entry.body))
                elif take is not None and entry.stop is not None:
                    take.stop = entry.stop
                    segment.takes.add(entry.recording)
                offset += len(record)

    def _forget(self, recordings: list[UUID]) -> None:
        if not recordings:
            return
        with self._guard:
            for recording in recordings:
                self._takes.pop(recording, None)
                for segment in self._segments:
                    segment.takes.discard(recording)
            is_idle = not self._takes
        if is_idle:
            self._retire_segment()
        self._sweep()

    def _open_segment(self) -> Segment:
        if self._current is not None and self._current.size_bytes >= self._segment_bytes:
            self._retire_segment()
        if self._current is None:
            path = self._directory / f"{next(self._numbers):08d}{SEGMENT_SUFFIX}"
            self._current = Segment.create(path)
            with self._guard:
                self._segments.append(self._current)
        return self._current

    def _retire_segment(self) -> None:
        if self._current is not None:
            self._current.close()
            self._current = None

    def _sweep(self) -> None:
        """Remove segments that no take needs, and inherited directories that are empty."""
        with self._guard:
            idle = [s for s in self._segments if not s.takes and s is not self._current]
            self._segments = [s for s in self._segments if s not in idle]
            in_use = {segment.path.parent for segment in self._segments} | {self._directory}
        for segment in idle:
            segment.remove()
        for directory in [path for path in self._locks if path not in in_use]:
            self._locks.pop(directory).release()
            shutil.rmtree(directory, ignore_errors=True)
