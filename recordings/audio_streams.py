"""A stored recording as bytes to play: its FLAC, or a WAV made on the way, any part of either, from any
Storage.
"""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator, Callable, Generator
from dataclasses import dataclass

import soundfile
from asgiref.sync import sync_to_async

from accounts.errors import HeartSiteError
from recordings.models import Recording

PIECE_BYTES = 1 << 17
WAV_HEADER_BYTES = 44
SAMPLE_BYTES = 2
Pieces = Generator[bytes, None, None]


@dataclass(frozen=True)
class AudioStream:
    """`pieces(start, stop)` yields those bytes of `size`."""

    content_type: str
    extension: str
    size: int
    pieces: Callable[[int, int], Pieces]


def flac_stream(recording: Recording) -> AudioStream:
    """The stored file itself. Raises `recording.no_audio`."""
    size = _size(recording)

    def pieces(start: int, stop: int) -> Pieces:
        with recording.audio.storage.open(str(recording.audio.name)) as file:
            file.seek(start)
            while start < stop and (piece := file.read(min(PIECE_BYTES, stop - start))):
                start += len(piece)
                yield piece

    return AudioStream("audio/flac", "flac", size, pieces)


def wav_stream(recording: Recording) -> AudioStream:
    """PCM16 WAV of the same samples. Raises `recording.no_audio`."""
    _size(recording)
    header = wav_header(recording.n_samples, recording.sample_rate_hz)
    size = len(header) + recording.n_samples * SAMPLE_BYTES

    def pieces(start: int, stop: int) -> Pieces:
        if start < len(header):
            yield header[start:stop]
            start = len(header)
        if start < stop:
            yield from _samples(recording, start - len(header), stop - len(header))

    return AudioStream("audio/wav", "wav", size, pieces)


def _samples(recording: Recording, start: int, stop: int) -> Pieces:
    """Bytes `start` to `stop` of the PCM."""
    first, skipped = divmod(start, SAMPLE_BYTES)
    remaining = stop - start
    with recording.audio.storage.open(str(recording.audio.name)) as file, soundfile.SoundFile(file) as sound:
        sound.seek(first)
        while remaining > 0:
            block = sound.read(PIECE_BYTES // SAMPLE_BYTES, dtype="int16")
            if not len(block):
                return
            piece = block.astype("<i2", copy=False).tobytes()[skipped : skipped + remaining]
            skipped = 0
            remaining -= len(piece)
            yield piece


def wav_header(n_samples: int, rate_hz: int) -> bytes:
    """44 bytes: canonical RIFF/WAVE for mono PCM16."""
    n_bytes = n_samples * SAMPLE_BYTES
    form = struct.pack("<HHIIHH", 1, 1, rate_hz, rate_hz * SAMPLE_BYTES, SAMPLE_BYTES, 8 * SAMPLE_BYTES)
    return b"RIFF%sWAVEfmt %s%sdata%s" % (
        struct.pack("<I", WAV_HEADER_BYTES - 8 + n_bytes),
        struct.pack("<I", len(form)),
        form,
        struct.pack("<I", n_bytes),
    )


async def streamed(pieces: Pieces) -> AsyncIterator[bytes]:
    """The same pieces without holding up the event loop: each is read in a thread."""
    following = sync_to_async(lambda: next(pieces, None), thread_sensitive=False)
    try:
        while (piece := await following()) is not None:
            yield piece
    finally:
        pieces.close()


def _size(recording: Recording) -> int:
    if not recording.is_stored or not recording.audio:
        raise HeartSiteError("recording.no_audio", "This recording has no sound.", 404)
    try:
        return recording.audio.size
    except OSError as error:
        raise HeartSiteError(
            "recording.no_audio", "The sound of this recording is missing from the storage.", 404
        ) from error
