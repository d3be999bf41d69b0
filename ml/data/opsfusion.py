"""Preprocessing of the original system, flaws included: it is the baseline that stands in every table.

8 kHz mono, silence trimmed at 20 dB, peak-normalised, padded or cropped centrally to 5 s, 128 mel bands in decibels
below the recording's own maximum. The steps are librosa's (load, effects.trim, feature.melspectrogram,
power_to_db), computed without it; tests hold the two equal.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ml.dsp.mel import Floats, mel_spectrogram, power_to_db
from ml.errors import SignalError

# librosa.effects.trim measures loudness in frames of this length and hop, whatever the sample rate.
_TRIM_FRAME = 2048
_TRIM_HOP = 512


@dataclass(frozen=True)
class OpsfusionConfig:
    """Numbers of the original preprocessing."""

    fs_hz: int = 8000
    trim_db: float = 20.0
    duration_s: float = 5.0
    n_fft: int = 1024
    hop: int = 256
    n_mels: int = 128

    @property
    def shape(self) -> tuple[int, int]:
        """Bands and frames of a spectrogram."""
        return self.n_mels, 1 + int(self.duration_s * self.fs_hz) // self.hop


def read_at(path: Path, fs_hz: int) -> Floats:
    """A file as librosa.load(path, sr=fs_hz) gives it: mono float32 of shape (n_samples,)."""
    import soundfile

    samples, native_hz = soundfile.read(path, dtype="float32", always_2d=True)
    mono = samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1)
    return resample_like_librosa(mono, native_hz, fs_hz)


def resample_like_librosa(samples: Floats, native_hz: int, fs_hz: int) -> Floats:
    """librosa's default resampling (soxr, high quality), its rounding of the length included."""
    if native_hz == fs_hz:
        return samples
    import soxr

    resampled = soxr.resample(samples, native_hz, fs_hz, quality="HQ")
    wanted = int(np.ceil(len(samples) * fs_hz / native_hz))
    return resampled[:wanted] if len(resampled) >= wanted else np.pad(resampled, (0, wanted - len(resampled)))


def trim_silence(samples: Floats, top_db: float) -> Floats:
    """`samples` (n_samples,) from the first to the last frame within `top_db` of the loudest, as librosa trims.

    Frames overlap fourfold, so their power is the sum of four neighbouring blocks' instead of a pass over each frame.
    """
    n = len(samples)
    if n == 0:
        raise SignalError("signal.empty", "There is no sound to trim.")
    half = _TRIM_FRAME // 2
    n_frames = 1 + n // _TRIM_HOP
    padded = np.zeros((n_frames + _TRIM_FRAME // _TRIM_HOP - 1) * _TRIM_HOP, dtype=np.float32)
    padded[half : half + n] = samples[: len(padded) - half]
    blocks = padded.reshape(-1, _TRIM_HOP)
    block_power = np.einsum("ij,ij->i", blocks, blocks, dtype=np.float64)
    sums = np.concatenate(([0.0], np.cumsum(block_power)))
    power = (sums[4:] - sums[:-4])[:n_frames] / _TRIM_FRAME
    decibels = 10 * np.log10(np.maximum(power, 1e-10)) - 10 * np.log10(max(power.max(), 1e-10))
    loud = np.flatnonzero(decibels > -top_db)
    return samples[loud[0] * _TRIM_HOP : min(n, (loud[-1] + 1) * _TRIM_HOP)]


def fit_length(samples: Floats, n_samples: int) -> Floats:
    """`samples` cropped centrally, or padded with zeros on both sides, to `n_samples`."""
    spare = len(samples) - n_samples
    if spare >= 0:
        start = spare // 2
        return samples[start : start + n_samples]
    return np.pad(samples, (-spare // 2, -spare - -spare // 2))


def opsfusion_spectrogram(samples: Floats, config: OpsfusionConfig) -> Floats:
    """Decibel spectrogram of shape `config.shape` of samples (n_samples,) at `config.fs_hz`.

    Raises SignalError for sound that is empty or not finite.
    """
    from scipy.fft import rfft

    trimmed = trim_silence(samples, config.trim_db)
    peak = np.abs(trimmed).max()
    if peak > 0:
        trimmed = trimmed / peak
    clip = fit_length(trimmed, int(config.duration_s * config.fs_hz))
    power = mel_spectrogram(
        clip, fs_hz=config.fs_hz, n_fft=config.n_fft, hop=config.hop, n_mels=config.n_mels, rfft=rfft
    )
    return power_to_db(power)
