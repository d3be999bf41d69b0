"""What server and decoder say to each other: a line of JSON, then bytes whose number the line names. Pure."""

from __future__ import annotations

import json
from typing import IO, Any

MAX_LINE_BYTES = 4096


class WireError(Exception):
    """The other side ended, or spoke nonsense."""


class Refused(Exception):  # noqa: N818 - a verdict on the file, not a fault
    """The file cannot be taken. `code` is a key of recordings.refusals, `values` fill its sentence."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


def send(stream: IO[bytes], message: dict[str, Any]) -> None:
    stream.write(json.dumps(message).encode() + b"\n")
    stream.flush()


def receive(stream: IO[bytes]) -> dict[str, Any] | None:
    """The next message; None when the other side has closed. Raises WireError on anything else."""
    line = stream.readline(MAX_LINE_BYTES)
    if not line:
        return None
    try:
        message = json.loads(line)
    except ValueError as error:
        raise WireError("no JSON") from error
    if not isinstance(message, dict):
        raise WireError("no object")
    return message
