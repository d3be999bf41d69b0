"""What the beats that the segmentation found say of a recording's quality: a few dozen numbers. numpy only.

A clear heart is segmented with confidence, its sounds stand out of its own diastole, and every beat resembles the
recording's median beat. None of the numbers depends on level or length; those of colour are differences between phases.
"""

from __future__ import annotations

import numpy as np

from ml.dsp.cycles import DIASTOLE, S1, S2, cycle_edges_s
from ml.dsp.quantiles import quantiles
from ml.dsp.segmentation import Segmentation
from ml.dsp.segmentation_features import FRAME_RATE_HZ

N_LOW_BANDS = 3
PHASE_BINS = (4, 6, 4, 10)  # S1, systole, S2, diastole
FIRST_S2_BIN = PHASE_BINS[0] + PHASE_BINS[1]
FIRST_DIASTOLE_BIN = FIRST_S2_BIN + PHASE_BINS[2]
LATE_DIASTOLE = slice(FIRST_DIASTOLE_BIN + 1, sum(PHASE_BINS))  # S2 may still ring in the first bin
# Power this far below a band's loudest tenth is the recorder's; digital silence must not count as infinite clarity.
RELATIVE_FLOOR = 1e-5
STRETCH_S, STRETCH_STEP_S = 4.0, 1.0
NO_BEATS_SPREAD = 2.0  # nepers: what noise without any beat shows
SMOOTHING = np.ones(3) / 3
TINY = 1e-9


def beat_features(
    bands: np.ndarray, frame_rate_hz: float, first_frame_s: float, segmentation: Segmentation
) -> dict[str, float]:
    """Named numbers of a recording.

    bands : power (n_frames, n_bands), positive, the first `N_LOW_BANDS` those of the heart sounds; frame k is centred
    on `first_frame_s` + k / `frame_rate_hz` seconds.
    """
    low = bands[:, :N_LOW_BANDS]
    low = low + RELATIVE_FLOOR * np.quantile(low, 0.9, axis=0)
    total = np.log(low.sum(axis=1))
    logs = np.column_stack([np.log(low), total])
    times_s = first_frame_s + np.arange(len(logs)) / frame_rate_hz
    at = np.minimum((times_s * FRAME_RATE_HZ).astype(int), segmentation.states.size - 1)
    states = segmentation.states[at]
    high = np.log(bands[:, N_LOW_BANDS:].sum(axis=1)) - total
    return {
        **_certainty(segmentation),
        **_intervals(segmentation),
        **_contrasts(logs, states),
        **_stretches(total, int(STRETCH_S * frame_rate_hz), int(STRETCH_STEP_S * frame_rate_hz)),
        **_likeness(logs, frame_rate_hz, first_frame_s, segmentation),
        "abruptness": float(np.diff(np.convolve(total, SMOOTHING, "same")).std()),
        "diastole_pitch": _mean_where(high, states == DIASTOLE) - _mean_where(high, states != DIASTOLE),
    }


def _mean_where(values: np.ndarray, chosen: np.ndarray) -> float:
    return float(values[chosen].mean() if chosen.any() else values.mean())


def _certainty(segmentation: Segmentation) -> dict[str, float]:
    """How sure the segmentation is of its states, at its worst and usually."""
    worst, quarter, half = quantiles(segmentation.frame_confidence, 0.05, 0.25, 0.5)
    cycles = np.array([c.confidence for c in segmentation.cycles] or [0.25])
    unsure_cycle, usual_cycle = quantiles(cycles, 0.1, 0.5)
    return {
        "sure": segmentation.confidence, "sure_05": worst, "sure_25": quarter, "sure_50": half,
        "cycle_sure_10": unsure_cycle, "cycle_sure_50": usual_cycle,
    }  # fmt: skip


def _intervals(segmentation: Segmentation) -> dict[str, float]:
    """How steady the cycles are, and the part of them that is systole."""
    if len(segmentation.cycles) < 2:
        return {"rr_spread": 0.33, "rr_deviation": 0.33, "systole_spread": 0.33, "systole_part": 0.4}
    rr_s = np.array([c.end_s - c.s1_s for c in segmentation.cycles])
    systole_s = np.array([c.s2_s - c.s1_s for c in segmentation.cycles])
    usual_s = float(np.median(rr_s))
    return {
        "rr_spread": float(rr_s.std() / rr_s.mean()),
        "rr_deviation": float(np.median(np.abs(rr_s - usual_s)) / usual_s),
        "systole_spread": float(systole_s.std() / systole_s.mean()),
        "systole_part": float(np.median(systole_s)) / usual_s,
    }


def _contrasts(logs: np.ndarray, states: np.ndarray) -> dict[str, float]:
    """Log power of S1 and of S2 less that of diastole, in each low band and in all."""
    silence = logs[states == DIASTOLE].mean(axis=0) if np.any(states == DIASTOLE) else logs.mean(axis=0)
    found: dict[str, float] = {}
    for name, state in (("s1", S1), ("s2", S2)):
        chosen = states == state
        sound = logs[chosen].mean(axis=0) if chosen.any() else logs.mean(axis=0)
        found |= {
            f"{name}_over_{k}": float(value)
            for k, value in zip((*range(N_LOW_BANDS), "all"), sound - silence, strict=True)
        }
    return found


def _stretches(total: np.ndarray, width: int, step: int) -> dict[str, float]:
    """How far the sounds stand out in the worst few seconds."""
    width = min(width, total.size)
    ordered = np.sort(np.lib.stride_tricks.sliding_window_view(total, width)[::step], axis=1)
    ranges = ordered[:, int(0.95 * (width - 1))] - ordered[:, int(0.5 * (width - 1))]
    worst, quarter = quantiles(ranges, 0.1, 0.25)
    return {"stretch_10": worst, "stretch_25": quarter}


def _likeness(
    logs: np.ndarray, frame_rate_hz: float, first_frame_s: float, segmentation: Segmentation
) -> dict[str, float]:
    """Every cycle stretched to the same phases: how far its sounds stand out, how alike the cycles are."""
    if not segmentation.cycles:
        return _LIKENESS_OF_NOTHING
    edges_s = cycle_edges_s(segmentation.cycles)
    lengths_s = np.diff(edges_s, axis=1)
    at_s = np.concatenate(
        [edges_s[:, [k]] + lengths_s[:, [k]] * ((np.arange(n) + 0.5) / n) for k, n in enumerate(PHASE_BINS)],
        axis=1,
    )
    frames = np.clip(np.round((at_s - first_frame_s) * frame_rate_hz), 0, len(logs) - 1).astype(int)
    stack = logs[frames]  # (n_cycles, n_phases, bands and all)
    usual = np.median(stack, axis=0)
    alike = _correlation(stack, usual)
    total, beat = stack[:, :, -1], usual[:, -1]
    s1, s2 = (
        total[:, : PHASE_BINS[0]].max(axis=1),
        total[:, FIRST_S2_BIN:FIRST_DIASTOLE_BIN].max(axis=1),
    )
    late = total[:, LATE_DIASTOLE]
    silence = np.median(late, axis=1)
    deviation = total - beat
    deviation = np.abs(deviation - np.median(deviation, axis=1, keepdims=True)).ravel()
    louder = np.maximum(s1, s2)
    out_20, out_50 = quantiles(louder - silence, 0.2, 0.5)
    s1_20, s1_50 = quantiles(s1 - silence, 0.2, 0.5)
    s2_20, s2_50 = quantiles(s2 - silence, 0.2, 0.5)
    alike_20, alike_50 = quantiles(alike[:, -1], 0.2, 0.5)
    deviation_50, deviation_90 = quantiles(deviation, 0.5, 0.9)
    return {
        "out_20": out_20, "out_50": out_50, "s1_out_20": s1_20, "s1_out_50": s1_50, "s2_out_20": s2_20,
        "s2_out_50": s2_50,
        "loud_diastole": quantiles((late - louder[:, None]).ravel(), 0.95)[0],
        "rough_diastole": quantiles(late.std(axis=1), 0.5)[0],
        "diastole_varies": float(silence.std()), "s1_varies": float(s1.std()), "s2_varies": float(s2.std()),
        "alike_20": alike_20, "alike_50": alike_50,
        **{f"alike_{k}": quantiles(alike[:, k], 0.5)[0] for k in range(N_LOW_BANDS)},
        "deviation_50": deviation_50, "deviation_90": deviation_90,
        "beat_range": float(beat.max() - beat.min()),
        "covered": float((edges_s[:, 4] - edges_s[:, 0]).sum() * frame_rate_hz / len(logs)),
    }  # fmt: skip


_LIKENESS_OF_NOTHING = dict.fromkeys(
    (
        "out_20", "out_50", "s1_out_20", "s1_out_50", "s2_out_20", "s2_out_50", "loud_diastole", "rough_diastole",
        "diastole_varies", "s1_varies", "s2_varies", "alike_20", "alike_50",
        *(f"alike_{k}" for k in range(N_LOW_BANDS)), "deviation_50", "deviation_90", "beat_range", "covered",
    ),
    0.0,
) | {"deviation_50": NO_BEATS_SPREAD, "deviation_90": NO_BEATS_SPREAD}  # fmt: skip


def _correlation(stack: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """Of each cycle with the median one over the phases, per band: (n_cycles, n_bands)."""
    a = stack - stack.mean(axis=1, keepdims=True)
    b = usual - usual.mean(axis=0)
    return (a * b).sum(axis=1) / np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=0) + TINY)
