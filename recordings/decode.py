"""Untrusted files are decoded in a child process; this is the server's end of it (DESIGN 16).

The child is a fresh interpreter with limits on memory, CPU time and files, reached by two pipes: it never
learns a path, and its environment holds no secret. One is kept warm, so that its start is off the clock. A
child that refused a file, or died of one, is replaced.
"""

from __future__ import annotations

import atexit
import logging
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from io import BufferedReader, BufferedWriter
from pathlib import Path
from typing import Protocol, cast

import numpy as np

from accounts.errors import HeartSiteError
from recordings.decoding import limits
from recordings.decoding.wire import WireError, receive, send
from recordings.refusals import refuse

logger = logging.getLogger(__name__)

COPY_BYTES = 1 << 18
_ROOT = Path(__file__).resolve().parent.parent
# PATH finds nothing secret; Windows needs SYSTEMROOT to start at all.
_INHERITED = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LD_LIBRARY_PATH")
_MAX_SAMPLES = int(limits.MAX_DURATION_S * limits.CANONICAL_MAX_RATE_HZ)


class Readable(Protocol):
    def read(self, n_bytes: int, /) -> bytes: ...


@dataclass(frozen=True)
class DecodedSound:
    """`pcm`: int16 of shape (n_samples,), mono, at `rate_hz`.

    `weights`: what each channel of the file gave to it.
    """

    pcm: np.ndarray
    rate_hz: int
    source_rate_hz: int
    source_channels: int
    weights: tuple[float, ...]
    gain: float

    @property
    def duration_s(self) -> float:
        return len(self.pcm) / self.rate_hz


class _Child:
    def __init__(self) -> None:
        environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "recordings.decoding.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=_ROOT,
        )
        self._requests = cast(BufferedWriter, self._process.stdin)
        self._answers = cast(BufferedReader, self._process.stdout)

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def decode(self, file: Readable, size: int, kind: str) -> DecodedSound:
        """Raises HeartSiteError for a refused file, and WireError or OSError when the child fell over it."""
        timer = threading.Timer(limits.WALL_S, self._process.kill)
        timer.daemon = True
        timer.start()
        try:
            send(self._requests, {"kind": kind, "size": size})
            self._pass_on(file, size)
            return self._answer()
        finally:
            timer.cancel()

    def _pass_on(self, file: Readable, size: int) -> None:
        remaining = size
        while remaining:
            piece = file.read(min(remaining, COPY_BYTES))
            if not piece:
                raise WireError("the file is shorter than its size")
            self._requests.write(piece)
            remaining -= len(piece)
        self._requests.flush()

    def _answer(self) -> DecodedSound:
        message = receive(self._answers)
        if message is None:
            raise WireError("the decoder ended")
        if "refused" in message:
            raise refuse(str(message["refused"]), **dict(message.get("values") or {}))
        n_samples, rate_hz = int(message["n_samples"]), int(message["rate_hz"])
        if not (0 < n_samples <= _MAX_SAMPLES and 0 < rate_hz <= limits.CANONICAL_MAX_RATE_HZ):
            raise WireError("more sound than the limits allow")
        pcm = np.empty(n_samples, "<i2")
        if self._answers.readinto(pcm.data.cast("B")) != pcm.nbytes:
            raise WireError("the decoder ended within the sound")
        return DecodedSound(
            pcm=pcm,
            rate_hz=rate_hz,
            source_rate_hz=int(message["source_rate_hz"]),
            source_channels=int(message["source_channels"]),
            weights=tuple(float(weight) for weight in message["weights"]),
            gain=float(message["gain"]),
        )

    def end(self) -> None:
        self._process.kill()
        for pipe in (self._requests, self._answers):
            try:
                pipe.close()
            except OSError:
                logger.debug("The decoder's pipe was broken already.")
        self._process.wait()


class Decoder:
    """Decodes one file at a time; callers wait for each other, which bounds memory too."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._child: _Child | None = None

    @property
    def pid(self) -> int | None:
        """The waiting child's process id."""
        return self._child.pid if self._child else None

    def warm_up(self) -> None:
        """Have a child ready. Returns at once: it starts beside us, and while one is at work there is one."""
        if self._turn.acquire(blocking=False):
            try:
                self._ready_child()
            finally:
                self._turn.release()

    def decode(self, file: Readable, *, size: int, kind: str) -> DecodedSound:
        """The sound of `file` (from its present position), whose sniffed kind is `kind`.

        Raises HeartSiteError with an `upload.*` code; nothing of the file stays behind.
        """
        with self._turn:
            child = self._ready_child()
            try:
                return child.decode(file, size, kind)
            except HeartSiteError as refusal:
                logger.info("A file of kind %s (%d bytes) was refused: %s", kind, size, refusal.code)
                self._replace()
                raise
            except (WireError, OSError, KeyError, TypeError, ValueError) as error:
                logger.warning("The decoder ended over a file of kind %s (%d bytes): %s", kind, size, error)
                self._replace()
                raise refuse("upload.undecodable") from error

    def close(self) -> None:
        with self._turn:
            if self._child:
                self._child.end()
                self._child = None

    def _ready_child(self) -> _Child:
        if self._child is None or not self._child.is_alive():
            self._replace()
        assert self._child is not None  # noqa: S101 - for the type checker
        return self._child

    def _replace(self) -> None:
        if self._child:
            self._child.end()
        self._child = _Child()


_decoder = Decoder()
atexit.register(_decoder.close)
warm_up = _decoder.warm_up
decode = _decoder.decode
close = _decoder.close
