"""Preprocessing of the original system, flaws included: it is the baseline that stands in every table.

8 kHz mono, silence trimmed at 20 dB, peak-normalised, padded or cropped centrally to 5 s, 128 mel bands in decibels
below the recording's own maximum. The steps are librosa's (load, effects.trim, feature.melspectrogram,
power_to_db), computed without it; tests hold the two equal.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.dsp.mel import Floats, mel_spectrogram, power_to_db
from ml.errors import SignalError

# librosa.effects.trim measures loudness in frames of this length and hop, whatever the sample rate.
_TRIM_FRAME = 2048
_TRIM_HOP = 512
# Power measured before and after resampling differs by far less than this.
_UNCERTAIN_DB = 0.5
# Samples on each side of a clip at the native rate, several times the reach of the resampler's filter.
_MARGIN = 512
# From this power of the loudest band on, eighty decibels below it is still above the absolute floor of 1e-10.
_POWER_ABOVE_FLOOR = 0.1


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
    def clip_samples(self) -> int:
        """Samples of a clip."""
        return int(self.duration_s * self.fs_hz)

    @property
    def shape(self) -> tuple[int, int]:
        """Bands and frames of a spectrogram."""
        return self.n_mels, 1 + self.clip_samples // self.hop


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
    if not len(samples):
        raise SignalError("signal.empty", "There is no sound to trim.")
    loud = np.flatnonzero(_frame_decibels(samples, _TRIM_FRAME, _TRIM_HOP) > -top_db)
    return samples[loud[0] * _TRIM_HOP : min(len(samples), (loud[-1] + 1) * _TRIM_HOP)]


def _frame_decibels(samples: Floats, frame: int, hop: int) -> NDArray[np.float64]:
    """Power of centred frames in decibels below the loudest; a frame is a whole number of hops."""
    n_frames = 1 + len(samples) // hop
    padded = np.zeros((n_frames + frame // hop - 1) * hop, dtype=np.float32)
    padded[frame // 2 : frame // 2 + len(samples)] = samples[: len(padded) - frame // 2]
    blocks = padded.reshape(-1, hop)
    sums = np.concatenate(([0.0], np.cumsum(np.einsum("ij,ij->i", blocks, blocks), dtype=np.float64)))
    power = (sums[frame // hop :] - sums[: -(frame // hop)])[:n_frames] / frame
    return 10 * np.log10(np.maximum(power, 1e-10)) - 10 * np.log10(max(power.max(), 1e-10))


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
    trimmed = trim_silence(samples, config.trim_db)
    peak = np.abs(trimmed).max()
    if peak > 0:
        trimmed = trimmed / peak
    return power_to_db(_clip_power(fit_length(trimmed, config.clip_samples), config))


def spectrogram_of_native(samples: Floats, native_hz: int, config: OpsfusionConfig) -> Floats:
    """opsfusion_spectrogram of samples at their own rate, resampling only the seconds that end up in it.

    Where silence ends is decided at the native rate; where that is too close to call, or where the clip is so much
    quieter than the recording's peak that the decibels' absolute floor would show, everything is resampled first.
    """
    clip = _clip_without_resampling_all(samples, native_hz, config)
    if clip is not None:
        power = _clip_power(clip, config)
        if power.max() > _POWER_ABOVE_FLOOR:
            return power_to_db(power)
    return opsfusion_spectrogram(resample_like_librosa(samples, native_hz, config.fs_hz), config)


def _clip_power(clip: Floats, config: OpsfusionConfig) -> Floats:
    from scipy.fft import rfft

    return mel_spectrogram(
        clip, fs_hz=config.fs_hz, n_fft=config.n_fft, hop=config.hop, n_mels=config.n_mels, rfft=rfft
    )


def _clip_without_resampling_all(samples: Floats, native_hz: int, config: OpsfusionConfig) -> Floats | None:
    ratio, rest = divmod(config.fs_hz, native_hz)
    if rest or ratio < 2 or _TRIM_HOP % ratio or not len(samples):
        return None
    decibels = _frame_decibels(samples, _TRIM_FRAME // ratio, _TRIM_HOP // ratio)
    loud = np.flatnonzero(decibels > -config.trim_db)
    outer = np.concatenate([decibels[: loud[0] + 1], decibels[loud[-1] :]])
    if np.abs(outer + config.trim_db).min() < _UNCERTAIN_DB:
        return None
    first = int(loud[0]) * _TRIM_HOP
    last = min(len(samples) * ratio, (int(loud[-1]) + 1) * _TRIM_HOP)
    peak = np.abs(samples[first // ratio : -(-last // ratio)]).max()
    spare = last - first - config.clip_samples
    if spare < 0 or not peak:
        return None
    start = first + spare // 2
    begin = max(0, start // ratio - _MARGIN)
    end = min(len(samples), -(-(start + config.clip_samples) // ratio) + _MARGIN)
    resampled = resample_like_librosa(samples[begin:end] / peak, native_hz, config.fs_hz)
    return resampled[start - begin * ratio :][: config.clip_samples]
