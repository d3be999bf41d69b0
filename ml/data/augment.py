"""What other devices and rooms would have done to a training waveform, a batch at a time.

All functions take batches x of shape (n, n_samples) float32 and a numpy Generator, and return a new batch of that
shape. Level needs no augmentation: the features are independent of it.
"""

import numpy as np

from ml.dsp.mel import Floats
from ml.training.config import AugmentConfig

# Where the random equaliser has its knots; straight lines in between.
_EQUALISER_KNOTS_HZ = (0.0, 40.0, 80.0, 150.0, 300.0, 600.0, 1000.0)
_HIGH_PASS_ORDERS = (1, 2, 4)
_NOISE_SLOPES = (0.0, -0.5, -1.0)  # amplitude by frequency: white, pink, brown
_CLIPPING_LEVELS = (0.15, 0.7)  # of the peak
_OFFSET_RANGE = 0.3  # of the peak


def augment_batch(x: Floats, fs_hz: int, config: AugmentConfig, rng: np.random.Generator) -> Floats:
    """Each of the changes to a random part of the batch, in the order in which a recorder would apply them."""
    x = colour(x, fs_hz, config, rng)
    x = add_noise(x, config, rng)
    x = clip(x, config, rng)
    return quantise(shift(x, config, rng), config, rng)


def colour(x: Floats, fs_hz: int, config: AugmentConfig, rng: np.random.Generator) -> Floats:
    """A random equaliser for some, a high-pass as of a phone's microphone for some."""
    from scipy.fft import irfft, next_fast_len, rfft

    n, n_samples = x.shape
    n_fft = next_fast_len(n_samples, real=True)
    frequencies_hz = np.fft.rfftfreq(n_fft, 1 / fs_hz)
    gain = np.ones((n, len(frequencies_hz)), dtype=np.float32)
    for row in np.flatnonzero(rng.random(n) < config.equaliser_probability):
        knots_db = rng.uniform(
            -config.equaliser_range_db, config.equaliser_range_db, len(_EQUALISER_KNOTS_HZ)
        )
        gain[row] = 10 ** (np.interp(frequencies_hz, _EQUALISER_KNOTS_HZ, knots_db) / 20)
    for row in np.flatnonzero(rng.random(n) < config.high_pass_probability):
        ratio = frequencies_hz / rng.uniform(*config.high_pass_hz)
        gain[row] /= np.sqrt(1 + np.maximum(ratio, 1e-3) ** (-2 * rng.choice(_HIGH_PASS_ORDERS)))
    return irfft(rfft(x, n_fft) * gain, n_fft)[:, :n_samples]


def add_noise(x: Floats, config: AugmentConfig, rng: np.random.Generator) -> Floats:
    """White, pink or brown noise at a random ratio to the sound's own power, for some."""
    rows = np.flatnonzero(rng.random(len(x)) < config.noise_probability)
    if not len(rows):
        return x
    from scipy.fft import irfft, next_fast_len, rfft

    n_samples = x.shape[1]
    n_fft = next_fast_len(n_samples, real=True)
    rising = np.arange(1, n_fft // 2 + 2, dtype=np.float32)
    shapes = np.stack([rising**slope for slope in _NOISE_SLOPES])
    white = rfft(rng.standard_normal((len(rows), n_fft), dtype=np.float32))
    noise = irfft(white * shapes[rng.integers(0, len(shapes), len(rows))], n_fft)[:, :n_samples]
    snr_db = rng.uniform(*config.noise_snr_db, len(rows))
    wanted = x[rows].std(axis=1) * 10 ** (-snr_db / 20)
    out = x.copy()
    level = wanted / np.maximum(noise.std(axis=1), 1e-12)
    out[rows] += noise * level[:, None].astype(np.float32)
    return out


def clip(x: Floats, config: AugmentConfig, rng: np.random.Generator) -> Floats:
    """An overdriven input, for some."""
    chosen = rng.random(len(x)) < config.clipping_probability
    level = rng.uniform(*_CLIPPING_LEVELS, len(x)) * np.abs(x).max(axis=1)
    limit = np.where(chosen, level, np.inf)[:, None].astype(np.float32)
    return np.clip(x, -limit, limit)


def shift(x: Floats, config: AugmentConfig, rng: np.random.Generator) -> Floats:
    """A constant offset, for some."""
    chosen = rng.random(len(x)) < config.offset_probability
    offset = rng.uniform(-_OFFSET_RANGE, _OFFSET_RANGE, len(x)) * np.abs(x).max(axis=1) * chosen
    return x + offset[:, None].astype(np.float32)


def quantise(x: Floats, config: AugmentConfig, rng: np.random.Generator) -> Floats:
    """Few distinct sample values, as one database's normal recordings have and its abnormal ones have not."""
    rows = np.flatnonzero(rng.random(len(x)) < config.steps_probability)
    low, high = np.log(config.distinct_values[0]), np.log(config.distinct_values[1])
    values = np.exp(rng.uniform(low, high, len(rows)))
    step = (2 * np.abs(x[rows]).max(axis=1) / values + 1e-12)[:, None].astype(np.float32)
    out = x.copy()
    out[rows] = np.round(x[rows] / step) * step
    return out
