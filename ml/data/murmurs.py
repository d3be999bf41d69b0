"""Murmurs made by rule, laid over recordings without one: training examples that no recording device can explain.

A murmur is noise of a certain pitch that keeps to one part of the heart cycle. Timing and shape of each kind are those
that auscultation teaches (for instance "Cardiac Murmurs", Consultant, patientcareonline.com/view/cardiac-murmurs):
ejection murmurs rise and fall, regurgitant ones fill systole, aortic regurgitation fades from S2 on, mitral stenosis
rumbles low after a pause and swells before S1. Loudness is measured against the recording's own S1, so the recorder's
level and the place of the stethoscope do not matter.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.dsp.segmentation import Cycle

Floats = NDArray[np.float32]
Shape = Callable[[NDArray[np.float64], np.random.Generator], NDArray[np.float64]]

LEVEL_RANGE_DB = (
    -28.0,
    -4.0,
)  # of a murmur's loudest moment against S1: hard to hear, to as loud as the sounds
BEAT_SPREAD_DB = 1.5  # from beat to beat: breath and filling
SILENT_DB = -60.0
_ENVELOPE_RATE_HZ = 200
_SMOOTHING_S = 0.03  # a jet does not start at once
_NARROWEST_SKIRT_OCTAVES = 0.5  # from the centre to a quarter of the power, on either side


def _ejection(phase: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    return -6 * ((phase - rng.uniform(0.25, 0.7)) / rng.uniform(0.2, 0.4)) ** 2


def _regurgitation(phase: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    return rng.uniform(-4, 0) * 2 * np.abs(phase - 0.5)


def _late_systolic(phase: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    onset = rng.uniform(0.3, 0.6)
    return np.where(phase > onset, -6 * (1 - phase) / (1 - onset), SILENT_DB)


def _early_diastolic(phase: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    return -10 * phase / rng.uniform(0.2, 0.7)


def _rumble(phase: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    onset, presystolic_db = rng.uniform(0.1, 0.3), rng.uniform(-20, 3)
    middle = np.where(phase > onset, -8 * (phase - onset), SILENT_DB)
    return np.maximum(middle, presystolic_db - 20 * (1 - phase))


def _continuous(phase: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    return np.full(phase.shape, rng.uniform(-3, 0))


@dataclass(frozen=True)
class Kind:
    """`shape` gives decibels below the loudest moment at positions 0..1 of the phases it fills, SILENT_DB for none.

    `pitch_hz` is where the centre lies, `widest_skirt_octaves` how far at most it is to a quarter of the power.
    """

    name: str
    share: float
    phases: str
    pitch_hz: tuple[float, float]
    shape: Shape
    widest_skirt_octaves: float = 1.5


KINDS = (
    Kind("ejection", 0.30, "systole", (90, 300), _ejection),
    Kind("regurgitation", 0.25, "systole", (120, 450), _regurgitation),
    Kind("late systolic", 0.10, "systole", (120, 400), _late_systolic),
    Kind("early diastolic", 0.15, "diastole", (150, 500), _early_diastolic),
    Kind("rumble", 0.15, "diastole", (35, 90), _rumble, widest_skirt_octaves=0.7),
    Kind("continuous", 0.05, "cycle", (100, 400), _continuous),
)
# Decides a training together with the rest: what changes here makes other recordings.
MURMUR_SETTINGS = {
    "version": 1,
    "kinds": [
        [kind.name, kind.share, kind.phases, list(kind.pitch_hz), kind.widest_skirt_octaves] for kind in KINDS
    ],
    "level_db": list(LEVEL_RANGE_DB),
    "beat_spread_db": BEAT_SPREAD_DB,
}


def add_murmur(
    x: Floats,
    fs_hz: int,
    cycles: Sequence[Cycle],
    rng: np.random.Generator,
    *,
    kind: Kind | None = None,
    level_db: float | None = None,
) -> Floats:
    """`x` (n_samples,) with a murmur in each of its cycles; kind, loudness, pitch and shape are drawn unless given.

    cycles : of `x` at `fs_hz`, at least one. `level_db` is the murmur's RMS at its loudest against that of S1.
    """
    kind = kind or KINDS[rng.choice(len(KINDS), p=[each.share for each in KINDS])]
    level_db = rng.uniform(*LEVEL_RANGE_DB) if level_db is None else level_db
    envelope_db = _envelope_db(x.size / fs_hz, cycles, kind, rng)
    amplitude = np.where(envelope_db > SILENT_DB, 10 ** (envelope_db / 20), 0.0)
    width = max(1, round(_SMOOTHING_S * _ENVELOPE_RATE_HZ))
    amplitude = np.convolve(amplitude, np.hanning(width + 2)[1:-1] / np.hanning(width + 2).sum(), mode="same")
    at_rate = np.interp(np.arange(x.size) / fs_hz, np.arange(amplitude.size) / _ENVELOPE_RATE_HZ, amplitude)
    murmur = at_rate * _coloured_noise(x.size, fs_hz, kind, rng)
    return (x + murmur * _s1_rms(x, fs_hz, cycles) * 10 ** (level_db / 20)).astype(np.float32)


def _envelope_db(
    duration_s: float, cycles: Sequence[Cycle], kind: Kind, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Decibels at _ENVELOPE_RATE_HZ; one shape for the recording, a little louder or softer from beat to beat."""
    time_s = np.arange(int(np.ceil(duration_s * _ENVELOPE_RATE_HZ)) + 1) / _ENVELOPE_RATE_HZ
    out = np.full(time_s.size, SILENT_DB)
    seed = rng.integers(2**32)
    for cycle in cycles:
        start_s, end_s = _span_s(cycle, kind.phases)
        inside = (time_s >= start_s) & (time_s < end_s)
        phase = (time_s[inside] - start_s) / (end_s - start_s)
        # The same numbers for every beat: a valve does not change its murmur from one to the next.
        shape = kind.shape(phase, np.random.default_rng(seed))
        out[inside] = shape + rng.normal(0, BEAT_SPREAD_DB)
    return out


def _span_s(cycle: Cycle, phases: str) -> tuple[float, float]:
    """Beginning and end of a phase; a systolic murmur starts within S1, and one of diastole within S2."""
    if phases == "systole":
        return (cycle.s1_s + cycle.systole_s) / 2, (cycle.s2_s + cycle.diastole_s) / 2
    if phases == "diastole":
        return (cycle.s2_s + cycle.diastole_s) / 2, cycle.end_s
    return cycle.s1_s, cycle.end_s


def _coloured_noise(n_samples: int, fs_hz: int, kind: Kind, rng: np.random.Generator) -> NDArray[np.float64]:
    """Gaussian noise of RMS 1 around a pitch within the kind's range, falling off by octaves on both sides."""
    spectrum = np.fft.rfft(rng.standard_normal(n_samples))
    octaves = np.log2(np.maximum(np.fft.rfftfreq(n_samples, 1 / fs_hz), 1.0))
    octaves -= rng.uniform(*np.log2(kind.pitch_hz))
    below, above = rng.uniform(_NARROWEST_SKIRT_OCTAVES, kind.widest_skirt_octaves, 2)
    gain_db = -6 * (octaves / np.where(octaves < 0, below, above)) ** 2
    noise = np.fft.irfft(spectrum * 10 ** (gain_db / 20), n_samples)
    return noise / max(float(noise.std()), 1e-12)


def _s1_rms(x: Floats, fs_hz: int, cycles: Sequence[Cycle]) -> float:
    """Median over cycles of the RMS within S1."""
    parts = [x[int(c.s1_s * fs_hz) : max(int(c.systole_s * fs_hz), int(c.s1_s * fs_hz) + 1)] for c in cycles]
    return float(np.median([np.sqrt(np.mean(np.square(part))) for part in parts if part.size]))
