"""Finds what processes that are gone left in their journals."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from recordings.fields import ProtocolError
from recordings.protocol import parse_frame
from recordings.spool.files import DirectoryLock, Segment
from recordings.spool.records import HEAD_BYTES, Kind, Record, decode_stop, scan
from recordings.take_ledger import Mark, TakeLedger

log = logging.getLogger(__name__)

DIRECTORY_PREFIX = "journal-"
SEGMENT_SUFFIX = ".hsj"


@dataclass
class Take:
    """One recording in the journal: what is on disk and where."""

    ledger: TakeLedger
    places: dict[int, tuple[Segment, int, int]] = field(default_factory=dict)
    stop: dict | None = None
    is_recovered: bool = False

    def add(self, mark: Mark, segment: Segment, offset: int, length: int) -> None:
        self.ledger.add(mark)
        self.places.setdefault(mark.seq, (segment, offset, length))
        segment.takes.add(self.ledger.recording)


@dataclass
class Inheritance:
    takes: dict[UUID, Take] = field(default_factory=dict)
    segments: list[Segment] = field(default_factory=list)
    locks: dict[Path, DirectoryLock] = field(default_factory=dict)


def adopt(root: Path) -> Inheritance:
    """Take over every journal directory under `root` whose process is gone, and read its unfinished takes."""
    found = Inheritance()
    done: set[UUID] = set()
    for directory in sorted(root.glob(f"{DIRECTORY_PREFIX}*")):
        lock = DirectoryLock(directory)
        if not lock.acquire():
            continue
        found.locks[directory] = lock
        for path in sorted(directory.glob(f"*{SEGMENT_SUFFIX}")):
            segment = Segment(path)
            found.segments.append(segment)
            for record in scan(path.read_bytes()):
                _read(record, segment, found.takes, done)
    for recording in done:
        found.takes.pop(recording, None)
        for segment in found.segments:
            segment.takes.discard(recording)
    if found.takes:
        log.warning("found %d unfinished recordings in the journal", len(found.takes))
    return found


def _read(record: Record, segment: Segment, takes: dict[UUID, Take], done: set[UUID]) -> None:
    if record.kind is Kind.DONE:
        done.add(record.take)
        return
    take = takes.setdefault(record.take, Take(TakeLedger(record.take), is_recovered=True))
    segment.takes.add(record.take)
    if record.kind is Kind.STOP:
        take.stop = decode_stop(record.body)
        return
    try:
        mark = Mark.of(parse_frame(record.body))
    except ProtocolError:
        log.error("a frame of %s in the journal is unreadable", record.take)
        return
    take.add(mark, segment, record.offset + HEAD_BYTES, len(record.body))
