"""Sound files, good and bad, built in memory."""

from __future__ import annotations

import io
import struct

import numpy as np
import soundfile


def heartbeat(duration_s: float = 4.0, rate_hz: int = 8000, bpm: float = 72.0) -> np.ndarray:
    """Two short low tones a beat: float32 of shape (n_samples,)."""
    t = np.arange(round(duration_s * rate_hz)) / rate_hz
    x = np.zeros_like(t)
    for start in np.arange(0.2, duration_s, 60 / bpm):
        for lag, tone_hz, level in ((0.0, 45, 0.6), (0.32, 65, 0.4)):
            x += level * np.exp(-(((t - start - lag) / 0.025) ** 2)) * np.sin(2 * np.pi * tone_hz * t)
    return x.astype(np.float32)


def wav(x: np.ndarray, rate_hz: int = 8000, subtype: str = "PCM_16") -> bytes:
    return encoded(x, rate_hz, "WAV", subtype)


def encoded(x: np.ndarray, rate_hz: int, container: str, subtype: str | None = None) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, x, rate_hz, format=container, subtype=subtype)
    return file.getvalue()


def ffmpeg(x: np.ndarray, rate_hz: int, container: str, codec: str) -> bytes:
    """Mono float sound through FFmpeg: "ipod"/"aac" for M4A, "adts"/"aac", "webm"/"libopus",
    "mp3"/"libmp3lame".
    """
    import av

    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate_hz, layout="mono")
        frame = av.AudioFrame.from_ndarray(x.astype(np.float32)[None], format="fltp", layout="mono")
        frame.sample_rate = rate_hz
        to_codec = av.AudioResampler(
            format=stream.codec_context.format or "fltp", layout="mono", rate=rate_hz, frame_size=1024
        )
        for piece in [*to_codec.resample(frame), *to_codec.resample(None)]:
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    return file.getvalue()


def riff(data: bytes, *, claims: int | None = None, rate_hz: int = 8000, channels: int = 1) -> bytes:
    """A PCM16 WAV by hand, whose header may lie about the length of its data."""
    claims = len(data) if claims is None else claims
    form = struct.pack("<HHIIHH", 1, channels, rate_hz, rate_hz * channels * 2, channels * 2, 16)
    return (
        b"RIFF"
        + struct.pack("<I", min(0xFFFFFFFF, 36 + claims))
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + form
        + b"data"
        + struct.pack("<I", claims)
        + data
    )
