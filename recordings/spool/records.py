"""What lies in a journal file: self-checking records, readable past a torn or damaged place. Pure."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple
from uuid import UUID

MAGIC = b"HSJ1"
# magic, kind, take, length of the body, CRC-32 of everything but magic and CRC itself
_HEAD = struct.Struct("<4sB16sI")
_CRC = struct.Struct("<I")
HEAD_BYTES = _HEAD.size + _CRC.size
MAX_BODY_BYTES = 65_536


class Kind(IntEnum):
    FRAME = 1  # body: a wire frame
    STOP = 2  # body: JSON, what the phone said in `stop`
    DONE = 3  # no body: the recording is filed, its frames are no longer needed


class Record(NamedTuple):
    kind: Kind
    take: UUID
    body: bytes
    offset: int


def encode_record(kind: Kind, take: UUID, body: bytes = b"") -> bytes:
    head = _HEAD.pack(MAGIC, kind, take.bytes, len(body))
    return head + _CRC.pack(zlib.crc32(body, zlib.crc32(head[4:]))) + body


def scan(data: bytes) -> Iterator[Record]:
    """Every intact record of a journal file, in order.

    A record that fails its check is passed over: the search goes on at the next magic, so that one damaged
    sector loses the frames in it and no others.
    """
    place = data.find(MAGIC)
    while place >= 0:
        record = _record_at(data, place)
        after = place + 1 if record is None else place + HEAD_BYTES + len(record.body)
        if record is not None:
            yield record
        place = data.find(MAGIC, after)


def _record_at(data: bytes, offset: int) -> Record | None:
    body_at = offset + HEAD_BYTES
    if body_at > len(data):
        return None
    _, kind, take, length = _HEAD.unpack_from(data, offset)
    body = data[body_at : body_at + length]
    if length > MAX_BODY_BYTES or len(body) != length or kind not in list(Kind):
        return None
    (crc32,) = _CRC.unpack_from(data, offset + _HEAD.size)
    if crc32 != zlib.crc32(body, zlib.crc32(data[offset + 4 : offset + _HEAD.size])):
        return None
    return Record(Kind(kind), UUID(bytes=take), body, offset)


def encode_stop(stop: dict) -> bytes:
    return json.dumps(stop).encode()


def decode_stop(body: bytes) -> dict:
    return json.loads(body)
