"""One row of numbers per recording for a tabular classifier, made from the phases of its beats.

All are differences of log power between phases of the same recording, spreads over its cycles, or ratios of intervals:
level and microphone colour cancel. Neither the recording's length nor its number of cycles is among them.
"""

import numpy as np

from ml.dsp.beat_image import PHASE_BINS, beat_stack
from ml.dsp.beat_spectrum import N_BANDS, BeatSpectrum, band_centres_hz
from ml.dsp.quantiles import quantiles
from ml.dsp.segmentation import cycle_edges_s

N_WIDE = 16  # pairs of the spectrogram's bands
N_COARSE = 8
PARTS = ("early", "mid", "late")


def _slices() -> dict[str, slice]:
    edges = np.cumsum((0, *PHASE_BINS))
    return {
        name: slice(int(edges[k]), int(edges[k + 1])) for k, name in enumerate(("s1", "sys", "s2", "dia"))
    }


def _thirds(stack: np.ndarray) -> list[np.ndarray]:
    """Early, middle and late part of a phase: each (n_cycles, n_bands)."""
    return [part.mean(axis=1) for part in np.array_split(stack, len(PARTS), axis=1)]


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
    stack = beat_stack(spectrum)
    where = _slices()
    mean = {name: stack[:, part].mean(axis=1) for name, part in where.items()}  # (n_cycles, N_BANDS)
    pairs = (("sys", "dia"), ("s1", "dia"), ("s2", "dia"), ("s1", "s2"))
    row = [_grouped(_median(mean[a] - mean[b]), N_WIDE) for a, b in pairs]
    for name in ("sys", "dia"):
        row += [_grouped(_median(p - mean["dia"]), N_COARSE) for p in _thirds(stack[:, where[name]])]
    spreads = [mean[name] for name in ("s1", "sys", "s2", "dia")] + [mean["sys"] - mean["dia"]]
    row += [_iqr(_grouped(values, N_COARSE)) for values in spreads]
    total = {name: values[:, : N_BANDS // 2].mean(axis=1) for name, values in mean.items()}
    row.append(
        np.array(
            [
                _median(total["s1"] - total["s2"]),
                _median(total["sys"] - total["dia"]),
                *(_iqr(total[name]) for name in ("s1", "s2", "sys", "dia")),
            ]
        )
    )
    row.append(_interval_features(spectrum))
    return np.concatenate(row).astype(np.float32)


def _interval_features(spectrum: BeatSpectrum) -> np.ndarray:
    edges = cycle_edges_s(spectrum.cycles)
    rr_s = edges[:, 4] - edges[:, 0]
    systole_s = edges[:, 2] - edges[:, 0]
    usual = _median(rr_s)
    jump = _median(np.abs(np.diff(rr_s))) if rr_s.size > 1 else 0.0
    return np.array(
        [
            usual,
            _iqr(rr_s) / usual,
            jump / usual,
            _median(systole_s) / usual,
            _iqr(systole_s) / usual,
            _iqr(rr_s - systole_s) / usual,
        ]
    )
