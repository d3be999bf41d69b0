"""Reads WAV, FLAC, OGG and MP3 files into one channel of float32, for the shell commands and the training.

Files from strangers do not come here: the web application decodes them in a child process with limits. Even
so, memory is bounded by what is in the file and by `MAX_DURATION_S`, never by what its header claims.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from ml.errors import SignalError

MIN_RATE_HZ = 1000
MAX_RATE_HZ = 192_000
MAX_CHANNELS = 8
MAX_DURATION_S = 600.0
BLOCK_FRAMES = 1 << 16
AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".mp3", ".aif", ".aiff")

# Channels that agree this well are the same sound and are averaged, which gains up to 3 dB over the noise.
SAME_SOUND_CORRELATION = 0.6
# A channel this far below the loudest carries nothing (an unplugged input).
DEAD_CHANNEL_RATIO = 0.01
# Most of the energy of S1 and S2 (Arnott et al. 1984, Med. Biol. Eng. Comput. 22:53).
HEART_SOUND_BAND_HZ = (30.0, 200.0)


def load_audio(path: Path | str) -> tuple[np.ndarray, int]:
    """Samples of shape (n_samples,), float32 in [-1, 1], and the sample rate in Hz.

    Raises
    ------
    SignalError
        audio.missing, audio.unreadable, audio.empty, audio.not_finite, audio.rate, audio.channels,
        audio.too_long.
    """
    path = Path(path)
    if not path.is_file():
        raise SignalError("audio.missing", "There is no such file.")
    try:
        with soundfile.SoundFile(path) as file:
            fs_hz, n_channels = int(file.samplerate), int(file.channels)
            _check_header(fs_hz, n_channels)
            samples = _read_bounded(file, max_frames=int(MAX_DURATION_S * fs_hz))
    except (soundfile.SoundFileError, OSError) as error:
        raise SignalError(
            "audio.unreadable",
            "The file cannot be read as sound: it is damaged, or not WAV, FLAC, OGG or MP3.",
        ) from error
    if samples.shape[0] == 0:
        raise SignalError("audio.empty", "The file holds no sound.")
    if not np.isfinite(samples).all():
        raise SignalError("audio.not_finite", "The file holds values that are not numbers (NaN or infinity).")
    return to_mono(samples, fs_hz), fs_hz


def to_mono(samples: np.ndarray, fs_hz: int) -> np.ndarray:
    """One channel (n_samples,) out of `samples` (n_samples, n_channels), float32.

    Channels with the same sound are averaged. Where they differ (an ECG, a room microphone or silence beside
    the stethoscope) the one with the largest share of energy in the band of the heart sounds is taken.
    """
    samples = np.asarray(samples, dtype=np.float32)
    if samples.ndim == 1:
        return samples
    if samples.shape[1] == 1:
        return np.ascontiguousarray(samples[:, 0])
    centred = samples - samples.mean(axis=0)
    rms = np.sqrt(np.mean(np.square(centred, dtype=np.float64), axis=0))
    alive = np.flatnonzero(rms > DEAD_CHANNEL_RATIO * rms.max()) if rms.max() > 0 else np.array([0])
    if alive.size == 1:
        return np.ascontiguousarray(samples[:, alive[0]])
    correlation = np.corrcoef(centred[:, alive], rowvar=False)
    if correlation.min() >= SAME_SOUND_CORRELATION:
        return samples[:, alive].mean(axis=1)
    shares = [_band_share(centred[:, channel], fs_hz) for channel in alive]
    return np.ascontiguousarray(samples[:, alive[int(np.argmax(shares))]])


def _check_header(fs_hz: int, n_channels: int) -> None:
    if not MIN_RATE_HZ <= fs_hz <= MAX_RATE_HZ:
        raise SignalError(
            "audio.rate", f"The sample rate of {fs_hz} Hz is outside {MIN_RATE_HZ} to {MAX_RATE_HZ} Hz."
        )
    if n_channels > MAX_CHANNELS:
        raise SignalError(
            "audio.channels", f"The file has {n_channels} channels; at most {MAX_CHANNELS} can be."
        )


def _read_bounded(file: soundfile.SoundFile, max_frames: int) -> np.ndarray:
    blocks: list[np.ndarray] = []
    n_frames = 0
    # Read in blocks: one large read would first allocate what the header claims.
    while (block := file.read(BLOCK_FRAMES, dtype="float32", always_2d=True)).shape[0]:
        n_frames += block.shape[0]
        if n_frames > max_frames:
            raise SignalError(
                "audio.too_long", f"The recording lasts more than {MAX_DURATION_S / 60:.0f} minutes; cut it."
            )
        blocks.append(block)
    if not blocks:
        return np.zeros((0, 1), dtype=np.float32)
    return np.concatenate(blocks) if len(blocks) > 1 else blocks[0]


def _band_share(x: np.ndarray, fs_hz: int) -> float:
    power = np.abs(np.fft.rfft(x)) ** 2
    frequency_hz = np.fft.rfftfreq(x.size, 1 / fs_hz)
    low_hz, high_hz = HEART_SOUND_BAND_HZ
    return float(power[(frequency_hz >= low_hz) & (frequency_hz <= high_hz)].sum() / max(power.sum(), 1e-20))
