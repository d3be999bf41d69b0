"""Fits the segmentation's parameters on recordings that have an ECG.

Where S1 and S2 lie is taken from the sound around each R peak: the recording's own median envelope, aligned on the R
peaks, shows one hump just after R and one at the end of systole; each beat's peaks are looked for near those humps.
That the first lies 0 to 110 ms after R, and the second where the electromechanical systole ends (Weissler, Harris &
Schoenfeld 1968, Circulation 37:149: QS2 = 546 - 2.1 * rate, in ms), is physiology; all else is learnt here.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import gaussian_filter1d

from ml.dsp.ecg import RPeaks
from ml.dsp.envelope import hilbert_envelope
from ml.dsp.filters import band_pass
from ml.dsp.segmentation_features import ANALYSIS_RATE_HZ, FRAME_RATE_HZ, band_power, in_context, normalise

HALF_S1_S, HALF_S2_S = 0.06, 0.05
S1_AFTER_R_S, S1_TOLERANCE_S = 0.045, 0.035
S2_TOLERANCE_S = 0.045
BEAT_TOLERANCE_S = 0.045
ENVELOPE_RATE_HZ = 200
UNLABELLED = -1
HIDDEN_UNITS = 64
COPIES = 5  # augmented copies of each recording
STRETCH = (0.75, 1.2)  # of time, all phases alike
STATE_STRETCH = ((0.8, 1.15), (0.65, 1.1), (0.8, 1.15), (0.25, 1.25))  # S1, systole, S2, diastole
KEEP_EVERY = 4  # neighbouring frames are nearly the same


@dataclass(frozen=True)
class Beats:
    """Sound peaks of the beats whose R-R interval is trustworthy; all in seconds, shape (n_beats,)."""

    r_s: np.ndarray
    rr_s: np.ndarray
    s1_s: np.ndarray
    s2_s: np.ndarray


@dataclass(frozen=True)
class LabelledRecording:
    power: np.ndarray  # (n_bands, n_frames)
    labels: np.ndarray  # (n_frames,) 0..3 or UNLABELLED
    beats: Beats


def expected_s2_after_r_s(rr_s: ArrayLike) -> np.ndarray:
    """End of electromechanical systole after the R peak. Q precedes R by about 40 ms, which is taken off."""
    return (546 - 2.1 * 60 / np.asarray(rr_s)) / 1000 - 0.04


def find_sounds(x: np.ndarray, peaks: RPeaks) -> Beats:
    """S1 and S2 peaks of `x` (n_samples,) at 2000 Hz near the R peaks of its ECG."""
    envelope = hilbert_envelope(band_pass(x, ANALYSIS_RATE_HZ, 25, 150), ANALYSIS_RATE_HZ)
    envelope = gaussian_filter1d(envelope, 0.012 * ANALYSIS_RATE_HZ)[:: ANALYSIS_RATE_HZ // ENVELOPE_RATE_HZ]
    rr = peaks.intervals_s
    usual = float(np.median(rr))
    good = (rr > 0.45 * usual) & (rr < 1.9 * usual)
    r_s, rr_s = peaks.times_s[:-1][good], rr[good]
    inside = (r_s > 0.2) & (r_s + 0.8 < envelope.size / ENVELOPE_RATE_HZ)
    r_s, rr_s = r_s[inside], rr_s[inside]
    index = np.round(r_s * ENVELOPE_RATE_HZ).astype(int)
    lag = np.arange(-20, 140) / ENVELOPE_RATE_HZ
    around = envelope[index[:, None] + np.arange(-20, 140)]
    typical = np.median(around, axis=0)

    def hump(centre_s: float, tolerance_s: float) -> float:
        return float(lag[np.argmax(typical * np.exp(-0.5 * ((lag - centre_s) / tolerance_s) ** 2))])

    s1_lag = hump(S1_AFTER_R_S, S1_TOLERANCE_S)
    s2_lag = hump(float(expected_s2_after_r_s(usual)), S2_TOLERANCE_S)
    # Systole shortens with the cycle before it, far less than in proportion; half of Weissler's slope serves per beat.
    shift = 0.5 * (expected_s2_after_r_s(np.r_[usual, rr_s[:-1]]) - expected_s2_after_r_s(usual))

    def near(centre_s: np.ndarray) -> np.ndarray:
        weight = np.exp(-0.5 * ((lag[None, :] - centre_s[:, None]) / (BEAT_TOLERANCE_S / 1.5)) ** 2)
        return r_s + lag[np.argmax(around * weight, axis=1)]

    return Beats(r_s, rr_s, near(np.full(r_s.size, s1_lag)), near(s2_lag + shift))


def label(x: np.ndarray, peaks: RPeaks) -> LabelledRecording:
    """`x` (n_samples,) at 2000 Hz with a state per frame wherever the beats on both sides are known."""
    beats = find_sounds(x, peaks)
    power = band_power(x, ANALYSIS_RATE_HZ)
    time_s = (np.arange(power.shape[1]) + 0.5) / FRAME_RATE_HZ
    labels = np.full(time_s.size, UNLABELLED)
    for i in range(beats.r_s.size):
        begin = beats.s1_s[i] - HALF_S1_S
        follows = i + 1 < beats.r_s.size and abs(beats.r_s[i] + beats.rr_s[i] - beats.r_s[i + 1]) < 0.02
        end = beats.s1_s[i + 1] - HALF_S1_S if follows else beats.r_s[i] + beats.rr_s[i] - 0.08
        s2 = beats.s2_s[i]
        edges = (begin, beats.s1_s[i] + HALF_S1_S, s2 - HALF_S2_S, s2 + HALF_S2_S, end)
        for state in range(4):
            labels[(time_s >= edges[state]) & (time_s < edges[state + 1])] = state
    return LabelledRecording(power, labels, beats)


def _at_another_rate(
    power: np.ndarray, labels: np.ndarray, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The recording as a faster or slower heart would give it: diastole changes most, the sounds themselves least."""
    length = np.ones(labels.size)
    for state, (least, most) in enumerate(STATE_STRETCH):
        length[labels == state] = random.uniform(least, most)
    end = np.cumsum(length * random.uniform(*STRETCH))
    at = np.interp(np.arange(int(end[-1])) + 0.5, end - 0.5 * length, np.arange(labels.size))
    low = np.floor(at).astype(int)
    high = np.minimum(low + 1, labels.size - 1)
    part = at - low
    return power[:, low] * (1 - part) + power[:, high] * part, labels[np.round(at).astype(int)]


def _worn(power: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """`power` as another device in a louder room would give it: a noise floor per band, and a few knocks."""
    n_bands, n_frames = power.shape
    level = np.quantile(power, 0.5, axis=1, keepdims=True)
    floor = level * 10 ** (random.uniform(-1.5, 1.2, (n_bands, 1)) * random.uniform(0, 1))
    noise = floor * random.gamma(4, 0.25, (n_bands, n_frames))
    for _ in range(random.poisson(n_frames / 500)):
        at, length = random.integers(n_frames), random.integers(3, 40)
        noise[:, at : at + length] += level * 10 ** random.uniform(0, 2, (n_bands, 1))
    return power + noise


def examples(recordings: list[LabelledRecording], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs (n, n_features) float32 and states (n,) for the emission network, augmented."""
    random = np.random.default_rng(seed)
    inputs, states = [], []
    for recording in recordings:
        for copy in range(COPIES):
            power, labels = recording.power, recording.labels
            if copy:
                power, labels = _at_another_rate(power, labels, random)
                power = _worn(power, random)
            kept = np.flatnonzero(labels != UNLABELLED)[random.integers(KEEP_EVERY) :: KEEP_EVERY]
            inputs.append(in_context(normalise(power))[kept])
            states.append(labels[kept])
    return np.concatenate(inputs), np.concatenate(states)


def fit(recordings: list[LabelledRecording], seed: int = 0, epochs: int = 8) -> dict:
    """Parameters as the plain dictionary that `Parameters.from_dict` reads and JSON holds."""
    from sklearn.neural_network import MLPClassifier

    inputs, states = examples(recordings, seed)
    network = MLPClassifier(
        (HIDDEN_UNITS,),
        batch_size=512,
        learning_rate_init=1e-3,
        max_iter=epochs,
        alpha=1e-4,
        random_state=seed,
        n_iter_no_change=epochs,
    )
    network.fit(inputs, states)
    beats = [r.beats for r in recordings if r.beats.r_s.size >= 5]
    rr = np.array([np.median(b.rr_s) for b in beats])
    onsets = np.array([np.median(b.s2_s - b.s1_s) for b in beats]) + HALF_S1_S - HALF_S2_S
    slope, intercept = np.polyfit(np.sqrt(rr), onsets, 1)
    residual = onsets - (intercept + slope * np.sqrt(rr))
    within = np.array([np.std(b.s2_s - b.s1_s) for b in beats])
    variation = np.array([np.std(b.rr_s) / np.median(b.rr_s) for b in beats])
    return {
        "layers": [
            [np.round(w.astype(float), 4).tolist(), np.round(b.astype(float), 4).tolist()]
            for w, b in zip(network.coefs_, network.intercepts_, strict=True)
        ],
        "state_share": np.round(np.bincount(states, minlength=4) / states.size, 4).tolist(),
        "systole_from_root_rr": [round(float(intercept), 4), round(float(slope), 4)],
        "systole_spread_s": round(float(np.sqrt(residual.var() + np.median(within) ** 2)), 4),
        "sound_length_s": [2 * HALF_S1_S, 2 * HALF_S2_S],
        "sound_spread_s": 0.015,
        "steady_spread": round(float(np.quantile(variation, 0.6)), 4),
        "unsteady_spread": round(float(np.quantile(variation, 0.97)), 4),
        "unsteady_share": 0.07,
        "emission_weight": 0.3,
    }
