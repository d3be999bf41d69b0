"""What a phone would do to the same recordings, and what that does to the figures.

Each change takes samples (n_samples,) in [-1, 1] at `fs_hz` and a numpy Generator, and returns sound of the same rate.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Change = Callable[[Samples, int, np.random.Generator], Samples]

_GAIN_WINDOW_S = 0.3
_CLIP_SHARE = 0.3
# Formants of an open vowel and the pace of syllables: enough to sit where speech sits in the spectrum.
_FORMANTS_HZ = ((500.0, 80.0), (900.0, 120.0))
_SYLLABLES_PER_S = 4.0
_PITCH_HZ = (90.0, 220.0)


def high_pass(cutoff_hz: float) -> Change:
    """A second-order roll-off as of a phone's microphone amplifier."""

    def change(x: Samples, fs_hz: int, rng: np.random.Generator) -> Samples:
        frequencies_hz = np.fft.rfftfreq(len(x), 1 / fs_hz)
        gain = 1 / np.sqrt(1 + (cutoff_hz / np.maximum(frequencies_hz, 1e-3)) ** 4)
        return np.fft.irfft(np.fft.rfft(x) * gain, len(x)).astype(np.float32)

    return change


def noise(snr_db: float) -> Change:
    """Pink noise at a ratio to the recording's own power."""

    def change(x: Samples, fs_hz: int, rng: np.random.Generator) -> Samples:
        spectrum = np.fft.rfft(rng.standard_normal(len(x)))
        spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
        return _mix(x, np.fft.irfft(spectrum, len(x)), snr_db)

    return change


def speech(snr_db: float) -> Change:
    """A synthetic voice beside the phone: harmonics through two formants, in syllables."""

    def change(x: Samples, fs_hz: int, rng: np.random.Generator) -> Samples:
        seconds = np.arange(len(x)) / fs_hz
        wander = np.cumsum(rng.standard_normal(len(x))) / np.sqrt(fs_hz)
        pitch_hz = rng.uniform(*_PITCH_HZ) * (1 + 0.05 * np.tanh(wander))
        phase = 2 * np.pi * np.cumsum(pitch_hz) / fs_hz
        voice = np.zeros(len(x))
        for harmonic in range(1, int(fs_hz / 2 / pitch_hz.max())):
            at_hz = harmonic * pitch_hz.mean()
            loudness = sum(1 / (1 + ((at_hz - centre) / width) ** 2) for centre, width in _FORMANTS_HZ) + 0.05
            voice += loudness * np.sin(harmonic * phase)
        syllables = np.clip(np.sin(2 * np.pi * _SYLLABLES_PER_S * seconds + rng.uniform(0, 6)), 0, 1)
        return _mix(x, voice * syllables, snr_db)

    return change


def automatic_gain(x: Samples, fs_hz: int, rng: np.random.Generator) -> Samples:
    """Loudness levelled over a third of a second: what voice processing does to a heartbeat."""
    width = int(_GAIN_WINDOW_S * fs_hz)
    power = np.convolve(x**2, np.ones(width) / width, mode="same")
    return (x / np.sqrt(np.maximum(power, 1e-4 * power.max() + 1e-12)) * 0.2).astype(np.float32)


def clipping(x: Samples, fs_hz: int, rng: np.random.Generator) -> Samples:
    """Overdriven to three times what the input can take."""
    limit = _CLIP_SHARE * np.abs(x).max()
    return np.clip(x, -limit, limit)


def eight_bit(x: Samples, fs_hz: int, rng: np.random.Generator) -> Samples:
    """128 levels on each side of zero."""
    scale = max(float(np.abs(x).max()), 1e-9)
    return (np.round(x / scale * 127) / 127).astype(np.float32)


def resampled(other_hz: int) -> Change:
    """To another sample rate and back."""

    def change(x: Samples, fs_hz: int, rng: np.random.Generator) -> Samples:
        from ml.dsp.resample import resample

        return resample(resample(x, fs_hz, other_hz), other_hz, fs_hz)[: len(x)].astype(np.float32)

    return change


def short_clip(shortest_s: float, longest_s: float) -> Change:
    """A random piece of a length between the two, or the whole where it is not longer."""

    def change(x: Samples, fs_hz: int, rng: np.random.Generator) -> Samples:
        n = min(len(x), int(rng.uniform(shortest_s, longest_s) * fs_hz))
        start = int(rng.integers(len(x) - n + 1))
        return x[start : start + n]

    return change


def unchanged(x: Samples, fs_hz: int, rng: np.random.Generator) -> Samples:
    """The recording itself."""
    return x


STRESSES: dict[str, Change] = {
    "unchanged": unchanged,
    "high-pass 60 Hz": high_pass(60),
    "high-pass 100 Hz": high_pass(100),
    "high-pass 150 Hz": high_pass(150),
    "noise, 10 dB": noise(10),
    "noise, 0 dB": noise(0),
    "speech, 10 dB": speech(10),
    "speech, 0 dB": speech(0),
    "automatic gain": automatic_gain,
    "clipping": clipping,
    "8 bit": eight_bit,
    "through 1,500 Hz": resampled(1500),
    "through 44,100 Hz": resampled(44100),
}


def _mix(x: Samples, other: NDArray[np.float64], snr_db: float) -> Samples:
    wanted = float(x.std()) * 10 ** (-snr_db / 20)
    return (x + other * (wanted / max(float(other.std()), 1e-12))).astype(np.float32)
