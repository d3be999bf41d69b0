"""Segmentation of a heart sound into S1, systole, S2 and diastole, and the instants of S1 and S2.

A small network turns band power in context into state probabilities per 20 ms frame (in place of the logistic
regression of Springer et al. 2016); a duration-dependent hidden Markov model (Schmidt et al. 2010) finds the best
sequence. The heart rate that its durations need comes from the probabilities themselves: several rates are decoded and
the best-scoring one is kept. All parameters are in `segmentation_params.json`, written by `segmentation_training`.
"""

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path as FilePath

import numpy as np

from ml.dsp.cycles import DIASTOLE, S1, S2, Cycle, cut_cycles, state_runs, whole_cycles
from ml.dsp.envelope import wavelet_power
from ml.dsp.hsmm import Durations, decode
from ml.dsp.segmentation_features import (
    ANALYSIS_RATE_HZ,
    FRAME_RATE_HZ,
    FRAME_S,
    band_power,
    in_context,
    normalise,
)
from ml.errors import SignalError

PARAMETERS_FILE = FilePath(__file__).with_name("segmentation_params.json")

SHORTEST_RR_S, LONGEST_RR_S = 60 / 220, 60 / 30
MOST_RATES = 3
# A second decoding uses the recording's own intervals once this many cycles are known; the learnt spreads count as much
# as this many cycles, and no spread is taken to be smaller than the frames can show.
CYCLES_TO_ADAPT = 4
PRIOR_CYCLES = 3
TRUSTED_SHARE = 0.7
LEAST_SYSTOLE_SPREAD_S, LEAST_RR_SPREAD = 0.01, 0.02
# The peak of a sound is looked for in this band, this finely, up to this many frames outside those given to it, and
# near the centre of the probability of that sound: in noise the loudest instant alone is often not the heart's.
PEAK_BAND_HZ = ((25.0, 150.0),)
PEAK_RATE_HZ = 200
PEAK_REACH_FRAMES = 2
PEAK_TOLERANCE_S = 0.02
PEAK_SMOOTHING = np.hanning(9)[1:-1] / np.hanning(9)[1:-1].sum()  # about 20 ms at half height


@dataclass(frozen=True)
class Segmentation:
    """The phases of a recording, on the clock of the samples it was made from.

    states : int8 (n_frames,), S1, SYSTOLE, S2 or DIASTOLE per 20 ms frame. s1_times_s, s2_times_s : energy peaks.
    cycles : whole cycles in order. cut_cycles : at most two more, of which the recording's ends cut a little.
    confidence : mean probability of the chosen state, each of the four states counting alike (diastole, the longest,
    is what noise resembles): below 0.5 for noise, to 1.
    frame_confidence : (n_frames,) probability of the chosen state, smoothed over about a second.
    """

    states: np.ndarray
    s1_times_s: np.ndarray
    s2_times_s: np.ndarray
    cycles: list[Cycle]
    cut_cycles: list[Cycle]
    confidence: float
    frame_confidence: np.ndarray

    @property
    def readable_cycles(self) -> list[Cycle]:
        """Whole and cut cycles, in order."""
        return sorted([*self.cycles, *self.cut_cycles], key=lambda cycle: cycle.s1_s)


@dataclass(frozen=True)
class Parameters:
    """Everything learnt: the network's layers, the states' shares, the durations' laws."""

    layers: tuple[tuple[np.ndarray, np.ndarray], ...]
    state_share: np.ndarray
    systole_from_root_rr: tuple[float, float]  # s: S1 onset to S2 onset = first + second * sqrt(RR)
    systole_spread_s: float
    sound_length_s: tuple[float, float]  # S1, S2
    sound_spread_s: float
    steady_spread: float  # of RR, relative
    unsteady_spread: float
    unsteady_share: float
    emission_weight: float

    @staticmethod
    def from_dict(d: dict) -> "Parameters":
        layers = tuple((np.asarray(w, np.float32), np.asarray(b, np.float32)) for w, b in d["layers"])
        rest = {k: v for k, v in d.items() if k in Parameters.__dataclass_fields__ and k != "layers"}
        rest["state_share"] = np.asarray(d["state_share"])
        return Parameters(layers=layers, **rest)


@lru_cache(maxsize=1)
def default_parameters() -> Parameters:
    return Parameters.from_dict(json.loads(PARAMETERS_FILE.read_text()))


def state_probabilities(power: np.ndarray, parameters: Parameters) -> np.ndarray:
    """Probability of each state per frame, float64 (n_frames, 4), from band power (n_bands, n_frames)."""
    hidden = in_context(normalise(power))
    for i, (weight, bias) in enumerate(parameters.layers):
        hidden = hidden @ weight + bias
        if i < len(parameters.layers) - 1:
            hidden = np.maximum(hidden, 0)
    hidden = hidden.astype(np.float64)
    hidden -= hidden.max(axis=1, keepdims=True)
    odds = np.exp(hidden)
    return odds / odds.sum(axis=1, keepdims=True)


def candidate_rr_s(probability: np.ndarray) -> list[float]:
    """Likely S1-to-S1 intervals in seconds, best first.

    The probability of S1 less that of S2 repeats with the cycle and changes sign after half of it, so its
    autocorrelation is high at the cycle's length and low at the systole's: a plain envelope's is high at both.
    """
    signed = probability[:, S1] - probability[:, S2]
    signed = signed - signed.mean()
    n = signed.size
    longest = min(int(LONGEST_RR_S * FRAME_RATE_HZ) + 1, n - 2)
    shortest = int(SHORTEST_RR_S * FRAME_RATE_HZ)
    if longest <= shortest + 1:
        return [0.8]
    spectrum = np.fft.rfft(signed, 2 * n)
    correlation = np.fft.irfft(spectrum * np.conj(spectrum))[: longest + 2]
    # Half-way between the biased and the unbiased estimate: long lags have few products and would win by chance.
    correlation /= correlation[0] * np.sqrt(1 - np.arange(longest + 2) / n) + np.finfo(float).tiny
    lags = np.arange(shortest, longest + 1)
    inner = correlation[lags]
    peaks = lags[(inner >= correlation[lags - 1]) & (inner > correlation[lags + 1])]
    if peaks.size == 0:
        return [0.8]
    ranked = peaks[np.argsort(-correlation[peaks])][:MOST_RATES]
    best = correlation[ranked[0]]
    found: list[float] = []
    for lag in ranked:
        if found and correlation[lag] < 0.4 * best:  # noise may have none above zero
            continue
        before, at, after = correlation[lag - 1 : lag + 2]
        curvature = before - 2 * at + after
        shift = 0.5 * (before - after) / curvature if curvature < 0 else 0.0
        found.append(float((lag + shift) / FRAME_RATE_HZ))
    return found


def durations_for(rr_s: float, parameters: Parameters) -> Durations:
    """Duration densities for a heart whose typical cycle lasts `rr_s` seconds."""
    p = parameters
    s1_s, s2_s = p.sound_length_s
    onset_to_onset = min(p.systole_from_root_rr[0] + p.systole_from_root_rr[1] * np.sqrt(rr_s), 0.62 * rr_s)
    systole_s = max(onset_to_onset - s1_s, 0.06)
    diastole_s = max(rr_s - onset_to_onset - s2_s, 0.06)
    mean = np.array([s1_s, systole_s, s2_s, diastole_s]) * FRAME_RATE_HZ
    spread = np.array([p.sound_spread_s, p.systole_spread_s, p.sound_spread_s, p.steady_spread * rr_s])
    shortest = np.array([0.06, max(0.05, 0.5 * systole_s), 0.06, max(0.05, 0.3 * diastole_s)]) * FRAME_RATE_HZ
    longest = (
        np.array(
            [
                s1_s + 0.08,
                systole_s + 0.14,
                s2_s + 0.08,
                diastole_s + max(0.2, 0.9 * rr_s),
            ]
        )
        * FRAME_RATE_HZ
    )
    args = (np.maximum(np.floor(shortest), 2).astype(int), np.ceil(longest).astype(int))
    steady = Durations.gaussian(mean, np.maximum(spread * FRAME_RATE_HZ, 0.7), *args)
    spread[DIASTOLE] = p.unsteady_spread * rr_s
    unsteady = Durations.gaussian(mean, np.maximum(spread * FRAME_RATE_HZ, 0.7), *args)
    return Durations(
        np.logaddexp(
            steady.log_density + np.log(1 - p.unsteady_share), unsteady.log_density + np.log(p.unsteady_share)
        )
    )


def segment(x: np.ndarray, fs_hz: float, parameters: Parameters | None = None) -> Segmentation:
    """Phases of the heart sound `x`, float (n_samples,) at 2000 Hz.

    Raises SignalError: "signal.rate" for another rate, "signal.too_short" under half a second.
    """
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 1:
        raise SignalError("signal.shape", "The sound must have one channel.")
    parameters = parameters or default_parameters()
    probability = state_probabilities(band_power(x, fs_hz), parameters)
    states = _best_states(probability, parameters)
    chosen = probability[np.arange(states.size), states]
    frame_confidence = np.convolve(chosen, np.ones(51), "same") / np.convolve(
        np.ones(states.size), np.ones(51), "same"
    )
    runs = state_runs(states)
    envelope = _peak_envelope(x)
    s1, s2 = (
        [
            _peak_time(envelope, probability[:, sound], begin, end)
            for state, begin, end in runs
            if state == sound
        ]
        for sound in (S1, S2)
    )
    return Segmentation(
        states,
        np.array([t for t in s1 if t is not None]),
        np.array([t for t in s2 if t is not None]),
        whole_cycles(runs, chosen),
        cut_cycles(runs, chosen),
        _mean_over_states(chosen, states),
        frame_confidence[: states.size],
    )


def _mean_over_states(chosen: np.ndarray, states: np.ndarray) -> float:
    return float(np.mean([chosen[states == state].mean() for state in range(4) if np.any(states == state)]))


def _best_states(probability: np.ndarray, parameters: Parameters) -> np.ndarray:
    log_emission = np.log(np.maximum(probability, 1e-4) / parameters.state_share) * parameters.emission_weight
    models = [durations_for(rr_s, parameters) for rr_s in candidate_rr_s(probability)]
    states = max(decode(log_emission, models), key=lambda path: path.log_score).states
    own = _own_durations(states, probability, parameters)
    return states if own is None else decode(log_emission, [own])[0].states


def _own_durations(states: np.ndarray, probability: np.ndarray, parameters: Parameters) -> Durations | None:
    """Durations fitted to the surer cycles of a first decoding; None where there are too few."""
    cycles = whole_cycles(state_runs(states), probability[np.arange(states.size), states])
    if len(cycles) < CYCLES_TO_ADAPT:
        return None
    cycles = sorted(cycles, key=lambda c: -c.confidence)[
        : max(CYCLES_TO_ADAPT, int(TRUSTED_SHARE * len(cycles)))
    ]
    systole_s = np.array([c.s2_s - c.s1_s for c in cycles])
    rr_s = np.array([c.end_s - c.s1_s for c in cycles])

    def spread(values: np.ndarray, least: float, usual: float) -> float:
        own = max(1.48 * float(np.median(np.abs(values - np.median(values)))), least)
        return float(np.sqrt((values.size * own**2 + PRIOR_CYCLES * usual**2) / (values.size + PRIOR_CYCLES)))

    typical_rr_s = float(np.median(rr_s))
    adapted = replace(
        parameters,
        systole_from_root_rr=(float(np.median(systole_s)), 0.0),
        systole_spread_s=spread(systole_s, LEAST_SYSTOLE_SPREAD_S, parameters.systole_spread_s),
        steady_spread=spread(rr_s / typical_rr_s, LEAST_RR_SPREAD, parameters.steady_spread),
    )
    return durations_for(typical_rr_s, adapted)


def _peak_envelope(x: np.ndarray) -> np.ndarray:
    power = wavelet_power(x, ANALYSIS_RATE_HZ, PEAK_BAND_HZ, PEAK_RATE_HZ)[0]
    return np.convolve(power, PEAK_SMOOTHING, "same")


def _peak_time(envelope: np.ndarray, probability: np.ndarray, begin: int, end: int) -> float | None:
    """Time in seconds of the energy peak of the sound in frames [begin, end); None where the recording cuts it off.

    envelope : power at PEAK_RATE_HZ. probability : (n_frames,) of this sound.
    """
    begin, end = max(0, begin - PEAK_REACH_FRAMES), min(probability.size, end + PEAK_REACH_FRAMES)
    weight = probability[begin:end] + 1e-3
    centre_s = float(((np.arange(begin, end) + 0.5) * weight).sum() / weight.sum()) * FRAME_S
    per_frame = PEAK_RATE_HZ // FRAME_RATE_HZ
    first, last = begin * per_frame, min(envelope.size, end * per_frame)
    time_s = (np.arange(first, last) + 0.5) / PEAK_RATE_HZ
    amplitude = np.sqrt(envelope[first:last])
    at = first + int(np.argmax(amplitude * np.exp(-0.5 * ((time_s - centre_s) / PEAK_TOLERANCE_S) ** 2)))
    if at in (0, envelope.size - 1):
        return None
    return (at + 0.5) / PEAK_RATE_HZ
