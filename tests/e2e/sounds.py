"""WAV files that Chromium plays into its fake microphone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly

MICROPHONE_RATE_HZ = 48000
TONES_HZ = (25, 40, 63, 100, 160, 250, 400, 630, 1000)
TONE_AMPLITUDE = 0.09


def write_tones(path: Path, *, seconds: int = 20) -> None:
    """All of TONES_HZ at once, each with TONE_AMPLITUDE; whole seconds, so that a loop has no seam."""
    t = np.arange(seconds * MICROPHONE_RATE_HZ) / MICROPHONE_RATE_HZ
    # Phases of a low crest factor (Schroeder 1970) keep the sum far from full scale.
    phases = [np.pi * k * k / len(TONES_HZ) for k in range(len(TONES_HZ))]
    x = sum(
        TONE_AMPLITUDE * np.sin(2 * np.pi * hz * t + phase)
        for hz, phase in zip(TONES_HZ, phases, strict=True)
    )
    soundfile.write(path, x, MICROPHONE_RATE_HZ, subtype="PCM_16")


def write_heart(path: Path, source: Path) -> None:
    """A demo recording at the microphone's rate, as loud as a phone on a chest would give."""
    x, rate_hz = soundfile.read(source)
    y = resample_poly(x, MICROPHONE_RATE_HZ // 1000, rate_hz // 1000)
    soundfile.write(path, 0.5 * y / np.abs(y).max(), MICROPHONE_RATE_HZ, subtype="PCM_16")


def amplitude_of(x: np.ndarray, rate_hz: int, hz: float) -> float:
    """Amplitude of one tone: the median of its projections onto each second.

    A busy machine's fake microphone slips now and then; a slip shifts the phase and would cancel a tone over the whole,
    while it spoils one second here.
    """
    seconds = x[: len(x) // rate_hz * rate_hz].reshape(-1, rate_hz)
    t = np.arange(rate_hz) / rate_hz
    return float(np.median(2 * np.abs(np.mean(seconds * np.exp(-2j * np.pi * hz * t), axis=1))))
