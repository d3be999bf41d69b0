"""What the mel network sees: log-mel windows with each device's spectral colour and noise floor taken out.

Training and inference call the same functions, so that they cannot drift apart. numpy only.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike

from ml.dsp.mel import Floats, mel_spectrogram
from ml.errors import SignalError


@dataclass(frozen=True)
class MelWindowConfig:
    """Geometry of the windows. Bands lie between `low_hz` and `high_hz`; a frame lasts hop / fs_hz seconds.

    `floor_quantile` of a band's power over a window counts as its noise floor; `relative_floor` of the window's mean
    power is the least that counts at all, which makes coarse quantisation and digital silence look alike.
    """

    fs_hz: int = 2000
    n_fft: int = 128
    hop: int = 32
    n_mels: int = 32
    low_hz: float = 25.0
    high_hz: float = 1000.0
    window_frames: int = 192
    step_frames: int = 96
    max_windows: int = 40
    floor_quantile: float = 0.2
    relative_floor: float = 1e-5

    @property
    def window_samples(self) -> int:
        """Samples whose frames fill one window."""
        return (self.window_frames - 1) * self.hop


def mel_power(samples: ArrayLike, config: MelWindowConfig) -> Floats:
    """Mel power of shape (n_frames, n_mels) of samples at `config.fs_hz`, shape (n_samples,), less their mean."""
    x = np.asarray(samples, dtype=np.float32)
    power = mel_spectrogram(
        x - x.mean(dtype=np.float64).astype(np.float32) if x.size else x,
        fs_hz=config.fs_hz,
        n_fft=config.n_fft,
        hop=config.hop,
        n_mels=config.n_mels,
        low_hz=config.low_hz,
        high_hz=config.high_hz,
    )
    return power.T


def normalise_windows(power: Floats, config: MelWindowConfig) -> Floats:
    """Log power of windows (n, n_frames, n_mels) above each band's noise floor, its mean over time removed."""
    rank = int(config.floor_quantile * (power.shape[1] - 1))
    floor = np.partition(power, rank, axis=1)[:, rank : rank + 1]
    least = config.relative_floor * power.mean(axis=(1, 2), keepdims=True) + np.float32(1e-20)
    log_power = np.float32(0.5) * np.log(power + floor + least)
    return log_power - log_power.mean(axis=1, keepdims=True)


def window_starts(n_frames: int, config: MelWindowConfig) -> np.ndarray:
    """First frame of each window over `n_frames` frames: evenly spread, at most `max_windows`, at least one."""
    spare = n_frames - config.window_frames
    if spare <= 0:
        return np.zeros(1, dtype=int)
    count = min(config.max_windows, 1 + -(-spare // config.step_frames))
    return np.round(np.linspace(0, spare, count)).astype(int)


def windows_of_power(power: Floats, config: MelWindowConfig) -> Floats:
    """Normalised windows (n_windows, window_frames, n_mels) of mel power (n_frames, n_mels).

    A recording shorter than a window gives one, with zeros (each band's mean) on both sides.
    """
    if power.ndim != 2 or power.shape[0] == 0:
        raise SignalError("signal.empty", "There is no spectrogram to cut windows from.")
    missing = config.window_frames - power.shape[0]
    if missing > 0:
        short = normalise_windows(power[None], config)
        return np.pad(short, ((0, 0), (missing // 2, missing - missing // 2), (0, 0)))
    views = sliding_window_view(power, config.window_frames, axis=0)
    chosen = views[window_starts(power.shape[0], config)].transpose(0, 2, 1)
    return normalise_windows(np.ascontiguousarray(chosen), config)


def mel_windows(samples: ArrayLike, config: MelWindowConfig) -> Floats:
    """Input of the mel network, (n_windows, window_frames, n_mels) float32, of samples at `config.fs_hz`.

    `samples` has shape (n_samples,) at any level. Raises SignalError for sound that is empty or not finite.
    """
    return windows_of_power(mel_power(samples, config), config)
