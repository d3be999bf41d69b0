"""Opens a file of a known kind with libsndfile, or with FFmpeg where that cannot, and yields its sound in
blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Protocol

import numpy as np
import soundfile

from recordings.decoding.limits import BLOCK_FRAMES
from recordings.decoding.wire import Refused

# The demuxer is named, never guessed: FFmpeg's playlist formats would open other files and addresses.
_DEMUXERS = {
    "wav": "wav",
    "flac": "flac",
    "mp3": "mp3",
    "ogg": "ogg",
    "m4a": "mov",
    "aac": "aac",
    "webm": "matroska",
}
_LIBSNDFILE_KINDS = frozenset({"wav", "flac", "mp3", "ogg"})
# Only of these is the header's count of frames exact (MP3 in WAV counts what its decoder then drops).
_COUNTED_KINDS = frozenset({"wav", "flac"})
_COUNTED_SUBTYPES = ("PCM_", "FLOAT", "DOUBLE", "ULAW", "ALAW")
# libsndfile gives a length of about 2^63 when it does not know.
_UNKNOWN_FRAMES = 2**60


class Sound(Protocol):
    rate_hz: int
    channels: int
    # Frames per channel as the header counts them; None when it does not.
    declared_frames: int | None

    def blocks(self) -> Iterator[np.ndarray]:
        """float32 of shape (n_frames, channels), full scale 1."""
        ...

    def close(self) -> None: ...


class SndfileSound:
    def __init__(self, file: BinaryIO, kind: str) -> None:
        self._sound = soundfile.SoundFile(file)
        self.rate_hz = self._sound.samplerate
        self.channels = self._sound.channels
        frames = self._sound.frames
        counts = kind in _COUNTED_KINDS and self._sound.subtype.startswith(_COUNTED_SUBTYPES)
        self.declared_frames = frames if counts and 0 < frames < _UNKNOWN_FRAMES else None

    def blocks(self) -> Iterator[np.ndarray]:
        while True:
            block = self._sound.read(BLOCK_FRAMES, dtype="float32", always_2d=True)
            if not len(block):
                return
            yield block

    def close(self) -> None:
        self._sound.close()


class FfmpegSound:
    def __init__(self, file: BinaryIO, kind: str) -> None:
        import av

        self._av = av
        options = {"protocol_whitelist": "", "enable_drefs": "0"}
        self._container = av.open(file, mode="r", format=_DEMUXERS[kind], options=options)
        if not self._container.streams.audio:
            self._container.close()
            raise Refused("upload.not_audio")
        self._stream = self._container.streams.audio[0]
        self._stream.codec_context.thread_count = 1
        self.rate_hz = self._stream.codec_context.sample_rate
        self.channels = self._stream.codec_context.channels
        self.declared_frames: int | None = None

    def blocks(self) -> Iterator[np.ndarray]:
        to_float = self._av.AudioResampler(format="flt", layout=self._stream.codec_context.layout.name)
        for frame in self._container.decode(self._stream):
            if frame.sample_rate != self.rate_hz:
                raise Refused("upload.undecodable")
            yield from self._arrays(to_float.resample(frame))
        yield from self._arrays(to_float.resample(None))

    def _arrays(self, frames) -> Iterator[np.ndarray]:
        for frame in frames:
            yield frame.to_ndarray().reshape(-1, self.channels)

    def close(self) -> None:
        self._container.close()


def open_sound(file: BinaryIO, kind: str) -> Sound:
    """`file` at its beginning, opened as `kind` (a key of recordings.validation.KINDS).

    Raises Refused("upload.undecodable") when neither library can make anything of it.
    """
    if kind in _LIBSNDFILE_KINDS:
        file.seek(0)
        try:
            return SndfileSound(file, kind)
        except soundfile.LibsndfileError:
            pass  # ADPCM in WAV, Speex in OGG and the like are left to FFmpeg
    import av

    file.seek(0)
    try:
        return FfmpegSound(file, kind)
    except (av.FFmpegError, ValueError) as error:
        raise Refused("upload.undecodable") from error
