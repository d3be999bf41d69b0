"""The Range header of HTTP (RFC 9110, 14.2), one range at a time. Pure."""

from __future__ import annotations

import re

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class Unsatisfiable(Exception):  # noqa: N818 - HTTP's own word, status 416
    """The range lies outside the sound."""


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """First byte and the one after the last; None when the whole is to be sent.

    What cannot be read, or asks for several ranges, is ignored, as the RFC allows. Raises Unsatisfiable.
    """
    match = _RANGE.fullmatch(header.replace(" ", ""))
    if match is None or match.group() == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        length = min(int(last), size)
        if length == 0:
            raise Unsatisfiable
        return size - length, size
    start = int(first)
    stop = min(int(last) + 1, size) if last else size
    if last and int(last) < start:
        return None
    if start >= size:
        raise Unsatisfiable
    return start, stop
