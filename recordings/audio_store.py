"""The canonical sound of a recording: PCM16 as FLAC in the storage, with the SHA-256 of its samples."""

from __future__ import annotations

import hashlib
import io
import os
from typing import NamedTuple

import numpy as np
import soundfile
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from accounts.errors import HeartSiteError
from recordings.models import Recording


class StoredAudio(NamedTuple):
    name: str
    n_bytes: int
    pcm_sha256: str


def audio_name(recording: Recording) -> str:
    """Where the sound of a recording lies: one name for good, so that storing again replaces."""
    return f"recordings/{recording.clinic_id}/{recording.pk}.flac"


def store_audio(recording: Recording, pcm: np.ndarray, *, rate_hz: int) -> StoredAudio:
    """Write samples as FLAC and wait for the disk.

    Parameters
    ----------
    pcm : int16 ndarray of shape (n_samples,), mono
    rate_hz : sampling rate

    Raises OSError when the storage cannot be written.
    """
    buffer = io.BytesIO()
    soundfile.write(buffer, pcm, rate_hz, format="FLAC", subtype="PCM_16")
    name = audio_name(recording)
    if default_storage.exists(name):
        default_storage.delete(name)
    saved = default_storage.save(name, ContentFile(buffer.getvalue()))
    _sync(saved)
    return StoredAudio(saved, buffer.getbuffer().nbytes, pcm_sha256(pcm))


def read_pcm(recording: Recording) -> np.ndarray:
    """The samples of a stored recording, int16 of shape (n_samples,). Raises `recording.no_audio`."""
    if not recording.audio:
        raise HeartSiteError("recording.no_audio", "This recording has no sound.", 404)
    try:
        with recording.audio.open("rb") as file:
            pcm, _ = soundfile.read(file, dtype="int16")
    except (OSError, soundfile.LibsndfileError) as error:
        raise HeartSiteError(
            "recording.no_audio", "The sound of this recording cannot be read from the storage.", 500
        ) from error
    return pcm


def read_samples(recording: Recording) -> tuple[np.ndarray, int]:
    """Samples as float32 in [-1, 1) of shape (n_samples,), and their rate in Hz. Raises `recording.no_audio`."""
    return read_pcm(recording).astype(np.float32) / 32768.0, recording.sample_rate_hz


def pcm_sha256(pcm: np.ndarray) -> str:
    """Hex SHA-256 of the samples as little-endian PCM16 bytes."""
    return hashlib.sha256(pcm.astype("<i2", copy=False).tobytes()).hexdigest()


def _sync(name: str) -> None:
    """A local file must be on disk before the journal lets go of the sound. Other storages see to it themselves."""
    with default_storage.open(name, "r+b") as stored:
        try:
            descriptor = stored.fileno()
        except (AttributeError, OSError):
            return
        os.fsync(descriptor)
