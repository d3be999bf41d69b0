"""Files of the journal: segments that grow at the end, and the lock that says whose they are."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

_sync = getattr(os, "fdatasync", os.fsync)


class Segment:
    """One journal file and the takes that have frames in it. It is removed when the last of them is filed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.takes: set[UUID] = set()
        self._file: BinaryIO | None = None
        self.size_bytes = path.stat().st_size if path.exists() else 0

    @classmethod
    def create(cls, path: Path) -> Segment:
        segment = cls(path)
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_BINARY", 0), 0o600)
        segment._file = os.fdopen(descriptor, "r+b", buffering=0)
        _sync_directory(path.parent)
        return segment

    def append(self, data: bytes) -> int:
        """Write `data` at the end and wait for the disk. Returns its offset; on OSError nothing was added."""
        if self._file is None:
            raise OSError("the segment is closed")
        offset = self.size_bytes
        try:
            self._file.seek(offset)
            _write_all(self._file, data)
            _sync(self._file.fileno())
        except OSError:
            self._file.truncate(offset)
            raise
        self.size_bytes = offset + len(data)
        return offset

    def read(self, places: list[tuple[int, int]]) -> list[bytes]:
        """The bytes at each (offset, length)."""
        with self.path.open("rb") as file:
            found = []
            for offset, length in places:
                file.seek(offset)
                found.append(file.read(length))
        return found

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def remove(self) -> None:
        self.close()
        self.path.unlink(missing_ok=True)


def _write_all(file: BinaryIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def _sync_directory(path: Path) -> None:
    """So that a file's name survives a power cut too. Windows has no such call and needs none."""
    if sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class DirectoryLock:
    """Held by the process that writes a journal directory; the system frees it when that process dies."""

    NAME = "lock"

    def __init__(self, directory: Path) -> None:
        self._path = directory / self.NAME
        self._file: BinaryIO | None = None

    def acquire(self) -> bool:
        """False when a living process holds it."""
        file = self._path.open("a+b")
        try:
            _lock(file)
        except OSError:
            file.close()
            return False
        self._file = file
        return True

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


if sys.platform == "win32":
    import msvcrt

    def _lock(file: BinaryIO) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: BinaryIO) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
