"""From whatever a file holds to mono PCM16 at no more than 48 kHz, in two passes and constant memory.

The first pass measures and refuses; the second emits. A sound of ten minutes at 192 kHz thus costs no more
memory than one of ten seconds.

Stereo becomes mono like this. Where the channels carry the same sound (correlation of at least 0.5) they are
averaged. Otherwise averaging would mix the chest with the room, or cancel channels of opposite polarity, and
one is kept: the one that clips less, or else the one with more energy between 25 and 250 Hz, where heart
sounds are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from ml.dsp.resample import resample
from recordings.decoding.limits import (
    CANONICAL_MAX_RATE_HZ,
    MAX_CHANNELS,
    MAX_DECIMATION,
    MAX_DURATION_S,
    MAX_RATE_HZ,
    MIN_DURATION_S,
    MIN_RATE_HZ,
)
from recordings.decoding.readers import Sound
from recordings.decoding.wire import Refused

SAME_SOUND_CORRELATION = 0.5
HEART_BAND_HZ = (25.0, 250.0)
CLIPPED_AT = 0.999
CLIPPING_DIFFERS_BY = 0.01
# Reach of the anti-alias filter on either side, in samples of the lower rate; ml.dsp.resample's needs 27.
CONTEXT_SAMPLES = 64
PCM16_SCALE = 32768


@dataclass
class Measurement:
    """Sums over all frames so far, per channel; the mean of both channels stands beside them in `peak`."""

    channels: int
    rate_hz: int
    n_frames: int = 0
    sums: np.ndarray = field(init=False)
    products: np.ndarray = field(init=False)
    band_energy: np.ndarray = field(init=False)
    clipped: np.ndarray = field(init=False)
    peak: np.ndarray = field(init=False)
    mean_peak: float = 0.0

    def __post_init__(self) -> None:
        self.sums = np.zeros(self.channels)
        self.products = np.zeros((self.channels, self.channels))
        self.band_energy = np.zeros(self.channels)
        self.clipped = np.zeros(self.channels)
        self.peak = np.zeros(self.channels)

    def add(self, block: np.ndarray) -> None:
        """`block`: finite floats of shape (n_frames, channels)."""
        if not len(block):
            return
        x = np.ascontiguousarray(block.T, dtype=np.float32)
        self.n_frames += len(block)
        self.peak = np.maximum(self.peak, np.abs(x).max(axis=1))
        if self.channels == 1:
            return
        self.mean_peak = max(self.mean_peak, float(np.abs(x.mean(axis=0)).max()))
        self.sums += x.sum(axis=1, dtype=np.float64)
        self.products += x @ x.T
        self.clipped += (np.abs(x) >= CLIPPED_AT).sum(axis=1)
        spectrum = np.fft.rfft(x * _window(len(block)), axis=1)
        low, high = (round(hz * len(block) / self.rate_hz) for hz in HEART_BAND_HZ)
        self.band_energy += (np.abs(spectrum[:, low : high + 1]) ** 2).sum(axis=1)

    def weights(self) -> np.ndarray:
        """How much of each channel goes into mono."""
        if self.channels == 1:
            return np.ones(1)
        covariance = self.products / self.n_frames - np.outer(self.sums, self.sums) / self.n_frames**2
        power = np.diag(covariance)
        if power.min() > 0 and covariance[0, 1] / np.sqrt(power[0] * power[1]) >= SAME_SOUND_CORRELATION:
            return np.full(2, 0.5)
        share = self.clipped / self.n_frames
        if power.min() > 0 and abs(share[0] - share[1]) > CLIPPING_DIFFERS_BY:
            kept = int(share.argmin())
        else:
            kept = int(self.band_energy.argmax())
        return np.eye(2)[kept]

    def gain(self, weights: np.ndarray) -> float:
        """1, or less where the sound (of a float or lossy file) goes beyond full scale."""
        peak = self.mean_peak if weights.max() < 1 else float(self.peak[weights.argmax()])
        return 1 / peak if peak > 1 else 1.0


@lru_cache(maxsize=4)
def _window(n_frames: int) -> np.ndarray:
    return np.hanning(n_frames).astype(np.float32)


def canonical_factor(rate_hz: int) -> int:
    """By how much the rate is divided: the least whole number that gives a whole rate of at most 48 kHz."""
    if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        raise Refused("upload.sample_rate", rate_hz=rate_hz)
    for factor in range(1, MAX_DECIMATION + 1):
        if rate_hz % factor == 0 and rate_hz // factor <= CANONICAL_MAX_RATE_HZ:
            return factor
    raise Refused("upload.sample_rate", rate_hz=rate_hz)


def measure(sound: Sound) -> Measurement:
    """The first pass.

    Raises Refused when the sound is outside the limits, not finite, or shorter than it says.
    """
    factor = canonical_factor(sound.rate_hz)
    if not 1 <= sound.channels <= MAX_CHANNELS:
        raise Refused("upload.too_many_channels", channels=sound.channels)
    longest = MAX_DURATION_S * sound.rate_hz
    if sound.declared_frames and sound.declared_frames > longest:
        raise Refused("upload.too_long")
    n_read = 0

    def checked() -> Iterator[np.ndarray]:
        nonlocal n_read
        for block in sound.blocks():
            n_read += len(block)
            if n_read > longest:
                raise Refused("upload.too_long")
            if not np.isfinite(block).all():
                raise Refused("upload.not_finite")
            yield block

    measurement = Measurement(sound.channels, sound.rate_hz // factor)
    for block in decimated(checked(), sound.rate_hz, factor):
        measurement.add(block)
    if sound.declared_frames and n_read < sound.declared_frames:
        raise Refused("upload.truncated")
    if n_read < MIN_DURATION_S * sound.rate_hz:
        raise Refused("upload.too_short", duration_s=round(n_read / sound.rate_hz, 2))
    return measurement


def emit(sound: Sound, measurement: Measurement) -> Iterator[np.ndarray]:
    """The second pass: little-endian int16 blocks of shape (n_samples,)."""
    weights = measurement.weights()
    weights = (weights * measurement.gain(weights) * PCM16_SCALE).astype(np.float32)
    factor = sound.rate_hz // measurement.rate_hz
    for block in decimated(sound.blocks(), sound.rate_hz, factor):
        mono = np.round(block.astype(np.float32, copy=False) @ weights)
        yield np.clip(mono, -PCM16_SCALE, PCM16_SCALE - 1).astype("<i2")


def decimated(blocks: Iterable[np.ndarray], rate_hz: int, factor: int) -> Iterator[np.ndarray]:
    """`blocks` at rate_hz / factor: the same samples whatever the size of the blocks; ceil(n_frames /
    factor) in all.
    """
    if factor == 1:
        yield from blocks
        return

    def converted(chunk: np.ndarray, n_out: int) -> np.ndarray:
        columns = [resample(column, rate_hz, rate_hz // factor) for column in chunk.T]
        return np.stack(columns, axis=1)[CONTEXT_SAMPLES : CONTEXT_SAMPLES + n_out]

    context = CONTEXT_SAMPLES * factor
    held: np.ndarray | None = None
    for block in blocks:
        held = np.concatenate([np.zeros((context, block.shape[1])) if held is None else held, block])
        n_out = (len(held) - 2 * context) // factor
        if n_out > 0:
            yield converted(held[: n_out * factor + 2 * context], n_out)
            held = held[n_out * factor :]
    if held is None or len(held) == context:
        return
    n_out = -(-(len(held) - context) // factor)
    yield converted(np.concatenate([held, np.zeros((context, held.shape[1]))]), n_out)
