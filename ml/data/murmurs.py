"""Murmurs made by rule, laid over recordings without one: training examples that no recording device can explain.

A murmur is noise of a certain pitch that keeps to one part of the heart cycle; a click or an opening snap may announce
it. Timing and shape of each kind are those
that auscultation teaches (for instance "Cardiac Murmurs", Consultant, patientcareonline.com/view/cardiac-murmurs):
ejection murmurs rise and fall, regurgitant ones fill systole, aortic regurgitation fades from S2 on, mitral stenosis
rumbles low after a pause, which an opening snap ends, and swells before S1, and a prolapsing valve clicks in
mid-systole. Loudness is measured against the recording's own S1, so the recorder's
level and the place of the stethoscope do not matter.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.dsp.cycles import Cycle

Floats = NDArray[np.float32]
# Decibels at positions 0..1 of a phase, given the position at which the murmur may begin.
Shape = Callable[[NDArray[np.float64], float, np.random.Generator], NDArray[np.float64]]

LEVEL_RANGE_DB = (
    -28.0,
    -4.0,
)  # of a murmur's loudest moment against S1: hard to hear, to as loud as the sounds
BEAT_SPREAD_DB = 1.5  # from beat to beat: breath and filling
SILENT_DB = -60.0
CLICK_LEVEL_DB = (-14.0, 2.0)  # of a click's peak against S1
CLICK_PITCH_HZ, CLICK_DECAY_S = (80.0, 250.0), (0.004, 0.012)
_ENVELOPE_RATE_HZ = 200
_SMOOTHING_S = 0.03  # a jet does not start at once
_NARROWEST_SKIRT_OCTAVES = 0.5  # from the centre to a quarter of the power, on either side


def _ejection(phase: NDArray[np.float64], onset: float, rng: np.random.Generator) -> NDArray[np.float64]:
    return -6 * ((phase - rng.uniform(0.25, 0.7)) / rng.uniform(0.2, 0.4)) ** 2


def _regurgitation(phase: NDArray[np.float64], onset: float, rng: np.random.Generator) -> NDArray[np.float64]:
    return rng.uniform(-4, 0) * 2 * np.abs(phase - 0.5)


def _late_systolic(phase: NDArray[np.float64], onset: float, rng: np.random.Generator) -> NDArray[np.float64]:
    return np.where(phase > onset, -6 * (1 - phase) / (1 - onset), SILENT_DB)


def _early_diastolic(
    phase: NDArray[np.float64], onset: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    return -10 * phase / rng.uniform(0.2, 0.7)


def _rumble(phase: NDArray[np.float64], onset: float, rng: np.random.Generator) -> NDArray[np.float64]:
    presystolic_db = rng.uniform(-20, 3)
    middle = np.where(phase > onset, -8 * (phase - onset), SILENT_DB)
    return np.maximum(middle, presystolic_db - 20 * (1 - phase))


def _continuous(phase: NDArray[np.float64], onset: float, rng: np.random.Generator) -> NDArray[np.float64]:
    return np.full(phase.shape, rng.uniform(-3, 0))


@dataclass(frozen=True)
class Kind:
    """`shape` gives decibels below the loudest moment at positions 0..1 of the phases it fills, SILENT_DB for none.

    `pitch_hz` is where the centre lies, `widest_skirt_octaves` how far at most it is to a quarter of the power. `onset`
    is where, of the same positions, it begins; in a `click_share` of the recordings a click is heard there.
    """

    name: str
    share: float
    phases: str
    pitch_hz: tuple[float, float]
    shape: Shape
    widest_skirt_octaves: float = 1.5
    onset: tuple[float, float] = (0.0, 0.0)
    click_share: float = 0.0


KINDS = (
    Kind("ejection", 0.25, "systole", (90, 300), _ejection),
    Kind("regurgitation", 0.25, "systole", (120, 450), _regurgitation),
    Kind("late systolic", 0.12, "systole", (120, 400), _late_systolic, onset=(0.3, 0.6), click_share=0.6),
    Kind("early diastolic", 0.13, "diastole", (150, 500), _early_diastolic),
    Kind(
        "rumble", 0.20, "diastole", (35, 90), _rumble,
        widest_skirt_octaves=0.7, onset=(0.1, 0.3), click_share=0.6,
    ),
    Kind("continuous", 0.05, "cycle", (100, 400), _continuous),
)  # fmt: skip
# Decides a training together with the rest: what changes here makes other recordings.
MURMUR_SETTINGS = {
    "version": 2,
    "kinds": [
        [
            *(kind.name, kind.share, kind.phases, list(kind.pitch_hz), kind.widest_skirt_octaves),
            *(list(kind.onset), kind.click_share),
        ]
        for kind in KINDS
    ],
    "level_db": list(LEVEL_RANGE_DB),
    "beat_spread_db": BEAT_SPREAD_DB,
    "clicks": [list(CLICK_LEVEL_DB), list(CLICK_PITCH_HZ), list(CLICK_DECAY_S)],
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
    # The same in every beat: a valve does not change its murmur from one to the next.
    onset = rng.uniform(*kind.onset)
    envelope_db = _envelope_db(x.size / fs_hz, cycles, kind, onset, rng)
    amplitude = np.where(envelope_db > SILENT_DB, 10 ** (envelope_db / 20), 0.0)
    width = max(1, round(_SMOOTHING_S * _ENVELOPE_RATE_HZ))
    amplitude = np.convolve(amplitude, np.hanning(width + 2)[1:-1] / np.hanning(width + 2).sum(), mode="same")
    at_rate = np.interp(np.arange(x.size) / fs_hz, np.arange(amplitude.size) / _ENVELOPE_RATE_HZ, amplitude)
    murmur = at_rate * _coloured_noise(x.size, fs_hz, kind, rng)
    added = murmur * 10 ** (level_db / 20)
    if rng.random() < kind.click_share:
        begins_s = [start_s + onset * (end_s - start_s) for start_s, end_s in _spans_s(cycles, kind.phases)]
        added += _clicks(x.size, fs_hz, begins_s, rng)
    return (x + added * _s1_rms(x, fs_hz, cycles)).astype(np.float32)


def _envelope_db(
    duration_s: float, cycles: Sequence[Cycle], kind: Kind, onset: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Decibels at _ENVELOPE_RATE_HZ; one shape for the recording, a little louder or softer from beat to beat."""
    time_s = np.arange(int(np.ceil(duration_s * _ENVELOPE_RATE_HZ)) + 1) / _ENVELOPE_RATE_HZ
    out = np.full(time_s.size, SILENT_DB)
    seed = rng.integers(2**32)
    for start_s, end_s in _spans_s(cycles, kind.phases):
        inside = (time_s >= start_s) & (time_s < end_s)
        phase = (time_s[inside] - start_s) / (end_s - start_s)
        shape = kind.shape(phase, onset, np.random.default_rng(seed))
        out[inside] = shape + rng.normal(0, BEAT_SPREAD_DB)
    return out


def _spans_s(cycles: Sequence[Cycle], phases: str) -> list[tuple[float, float]]:
    """Beginning and end of a phase; a systolic murmur starts within S1, and one of diastole within S2."""
    if phases == "systole":
        return [((c.s1_s + c.systole_s) / 2, (c.s2_s + c.diastole_s) / 2) for c in cycles]
    if phases == "diastole":
        return [((c.s2_s + c.diastole_s) / 2, c.end_s) for c in cycles]
    return [(c.s1_s, c.end_s) for c in cycles]


def _clicks(
    n_samples: int, fs_hz: int, begins_s: Sequence[float], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Short decaying tones of one pitch, each a little louder or softer, against an S1 of RMS 1."""
    level_db = rng.uniform(*CLICK_LEVEL_DB)
    pitch_hz, decay_s = rng.uniform(*CLICK_PITCH_HZ), rng.uniform(*CLICK_DECAY_S)
    time_s = np.arange(n_samples) / fs_hz
    out = np.zeros(n_samples)
    for begin_s in begins_s:
        since_s = time_s[(time_s >= begin_s) & (time_s < begin_s + 8 * decay_s)] - begin_s
        gain = 10 ** ((level_db + rng.normal(0, BEAT_SPREAD_DB)) / 20)
        first = int(np.searchsorted(time_s, begin_s))
        tone = np.sin(2 * np.pi * pitch_hz * since_s) * np.exp(-since_s / decay_s)
        out[first : first + since_s.size] += gain * tone
    return out


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
    parts = [x[max(int(c.s1_s * fs_hz), 0) : max(int(c.systole_s * fs_hz), 1)] for c in cycles]
    return float(np.median([np.sqrt(np.mean(np.square(part))) for part in parts if part.size]))
