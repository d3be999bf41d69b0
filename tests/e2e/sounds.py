"""WAV files that Chromium plays into its fake microphone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from numpy.lib.stride_tricks import sliding_window_view
from scipy.signal import resample_poly

MICROPHONE_RATE_HZ = 48000
TONES_HZ = (25, 40, 63, 100, 160, 250, 400, 630, 1000)
TONE_AMPLITUDE = 0.09
# Long enough to part 25 from 40 Hz by least squares, short enough to lie between the slips of a busy machine's fake
# microphone, were a third of its buffers lost.
STRETCH_S = 0.08
STEP_S = 0.01
MOST_LEFT_OVER = 1e-3
"""Share of a stretch's variance: steady tones leave rounding and dither, a slip of 10 ms leaves tenths."""
FEWEST_STRETCHES = 20


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


def tone_amplitudes(x: np.ndarray, rate_hz: int) -> dict[int, float]:
    """Amplitude of each of TONES_HZ in `x`: medians over the stretches in which they run on unbroken.

    A busy machine's fake microphone leaves out buffers of 10 ms. A stretch that holds such a slip is not a sum of
    steady tones: what a fit by least squares leaves of it says so, and it is not asked. ValueError where too little
    is left to ask.
    """
    length = round(STRETCH_S * rate_hz)
    angles = 2 * np.pi * np.outer(np.arange(length) / rate_hz, TONES_HZ)
    waves = np.hstack([np.cos(angles), np.sin(angles), np.ones((length, 1))])
    stretches = sliding_window_view(x, length)[:: round(STEP_S * rate_hz)]
    fits = stretches @ np.linalg.pinv(waves).T
    left_over = np.var(stretches - fits @ waves.T, axis=1) / np.var(stretches, axis=1)
    steady = fits[left_over < MOST_LEFT_OVER]
    if len(steady) < FEWEST_STRETCHES:
        raise ValueError(
            f"{len(steady)} of {len(fits)} stretches are steady tones; the steadiest leaves {left_over.min():.2g}"
        )
    n = len(TONES_HZ)
    amplitudes = np.median(np.hypot(steady[:, :n], steady[:, n : 2 * n]), axis=0)
    return dict(zip(TONES_HZ, amplitudes.tolist(), strict=True))
