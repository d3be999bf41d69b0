"""One row of numbers per recording for a tabular classifier, made from the phases of its beats.

All are differences of log power between phases of the same recording, spreads over its cycles, or ratios of intervals:
level and microphone colour cancel. Neither the recording's length nor its number of cycles is among them.
"""

import numpy as np

from ml.dsp.beat_image import PHASE_BINS, beat_stack
from ml.dsp.beat_spectrum import N_BANDS, BeatSpectrum, band_centres_hz
from ml.dsp.cycles import cycle_edges_s
from ml.dsp.quantiles import quantiles

N_WIDE = 16  # pairs of the spectrogram's bands
N_COARSE = 8
PARTS = ("early", "mid", "late")
PHASES = ("s1", "sys", "s2", "dia")


def phase_levels(stack: np.ndarray) -> np.ndarray:
    """Mean log power of each stretch of the beat, of `stack` (..., N_PHASES, N_BANDS): (..., 10, N_BANDS).

    The four phases, then systole early, middle and late, then diastole likewise.
    """
    phases = np.split(stack, np.cumsum(PHASE_BINS)[:-1], axis=-2)
    thirds = [third for k in (1, 3) for third in np.array_split(phases[k], len(PARTS), axis=-2)]
    return np.stack([part.mean(axis=-2) for part in (*phases, *thirds)], axis=-2)


def _grouped(values: np.ndarray, n_groups: int) -> np.ndarray:
    """Neighbouring bands averaged: (..., N_BANDS) -> (..., n_groups)."""
    return values.reshape(*values.shape[:-1], n_groups, -1).mean(axis=-1)


def _iqr(values: np.ndarray) -> np.ndarray:
    low, high = quantiles(values, 0.25, 0.75)
    return high - low


def _median(values: np.ndarray) -> np.ndarray:
    return quantiles(values, 0.5)[0]


def phase_feature_names() -> list[str]:
    """Names in the order of `phase_features`."""
    wide = [f"{f:.0f}Hz" for f in np.sqrt(np.prod(band_centres_hz().reshape(N_WIDE, -1), axis=1))]
    coarse = [f"{f:.0f}Hz" for f in np.exp(np.log(band_centres_hz()).reshape(N_COARSE, -1).mean(axis=1))]
    names = [f"{what}_{band}" for what in ("sys-dia", "s1-dia", "s2-dia", "s1-s2") for band in wide]
    names += [f"{phase}_{part}_{band}" for phase in ("sys", "dia") for part in PARTS for band in coarse]
    names += [f"{what}_spread_{band}" for what in ("s1", "sys", "s2", "dia", "sys-dia") for band in coarse]
    names += [
        f"{what}_total" for what in ("s1-s2", "sys-dia", "s1_spread", "s2_spread", "sys_spread", "dia_spread")
    ]
    names += ["rr_s", "rr_spread", "rr_jump", "systole_share", "systole_spread", "diastole_spread"]
    return names


def phase_features(spectrum: BeatSpectrum) -> np.ndarray:
    """float32 (n_features,), finite, in the order of `phase_feature_names`."""
    edges_s = cycle_edges_s(spectrum.cycles)
    return np.concatenate([level_features(phase_levels(beat_stack(spectrum))), interval_features(edges_s)])


def level_features(levels: np.ndarray) -> np.ndarray:
    """The features made of power, of `phase_levels` (n_cycles, ..., 10, N_BANDS): float32 (..., n_level_features).

    A level that changes alike in every cycle changes the differences by as much and no spread.
    """
    mean = {name: levels[..., k, :] for k, name in enumerate(PHASES)}  # (n_cycles, ..., N_BANDS)
    pairs = (("sys", "dia"), ("s1", "dia"), ("s2", "dia"), ("s1", "s2"))
    row = [_grouped(_median(mean[a] - mean[b]), N_WIDE) for a, b in pairs]
    row += [
        _grouped(_median(levels[..., k, :] - mean["dia"]), N_COARSE)
        for k in range(len(PHASES), levels.shape[-2])
    ]
    spreads = [mean[name] for name in ("s1", "sys", "s2", "dia")] + [mean["sys"] - mean["dia"]]
    row += [_iqr(_grouped(values, N_COARSE)) for values in spreads]
    total = {name: values[..., : N_BANDS // 2].mean(axis=-1) for name, values in mean.items()}
    totals = [
        _median(total["s1"] - total["s2"]),
        _median(total["sys"] - total["dia"]),
        *(_iqr(total[name]) for name in ("s1", "s2", "sys", "dia")),
    ]
    row.append(np.stack(totals, axis=-1))
    return np.concatenate(row, axis=-1).astype(np.float32)


def interval_features(edges_s: np.ndarray) -> np.ndarray:
    """The features made of time, of edges (n_cycles, ..., 5) in seconds: float32 (..., n_interval_features)."""
    rr_s = edges_s[..., 4] - edges_s[..., 0]
    systole_s = edges_s[..., 2] - edges_s[..., 0]
    usual = _median(rr_s)
    jump = _median(np.abs(np.diff(rr_s, axis=0))) if len(rr_s) > 1 else np.zeros_like(usual)
    row = [
        usual,
        _iqr(rr_s) / usual,
        jump / usual,
        _median(systole_s) / usual,
        _iqr(systole_s) / usual,
        _iqr(rr_s - systole_s) / usual,
    ]
    return np.stack(row, axis=-1).astype(np.float32)
