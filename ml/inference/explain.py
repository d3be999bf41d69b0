"""What moved the probability: parts of the beat, bands of frequency and single beats are taken out one at a time.

The effect is the change of the whole ensemble's calibrated probability through the members that can be asked
(`ml.inference.occlusion`): all that are made from beats lose the same part at once. Whose say is left out is named.
What an explanation may claim is in `sentence_for`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ml.errors import SignalError
from ml.inference.heart import NO_HEART
from ml.inference.members import LoadedMember, Prepared, mel_window_input, opsfusion_input
from ml.inference.occlusion import MADE_OF_BEATS, N_HIDDEN, PARTS, PHASES, BeatOcclusion, MelOcclusion

if TYPE_CHECKING:
    from ml.inference.predictor import EnsemblePredictor

MURMUR_BAND_HZ = (150.0, 500.0)
# Changes smaller than this are not worth a sentence: the calibration itself is not that exact.
NOTABLE_EFFECT = 0.03
# Power at or below this, relative to the loudest frame, is a digital zero.
RELATIVE_FLOOR = 1e-8


def explain(
    predictor: EnsemblePredictor, prepared: Prepared, logit: float, quality_reasons: Sequence[str]
) -> dict[str, Any]:
    """Evidence for the ensemble's `logit` of a recording, as plain JSON types.

    `effects`: per phase and band, the change of p when that part is taken out (negative: it spoke for abnormal), and
    that of the logit. `phases`: the same per whole phase, at all frequencies. `beats`: the same per beat left out.
    `members`: those that were asked; `not_asked`: the others with a say in this recording; `explained_share`: the
    say of those asked, 0 to 1. `murmur_band_db`: power at 150-500 Hz per phase, relative to the recording's mean.
    `sentence`: what may be said of it. Without a heartbeat or a member to ask the lists are empty.
    """
    nothing: dict[str, Any] = {
        "method": "occlusion", "members": [], "not_asked": [], "explained_share": 0.0,
        "effects": [], "phases": [], "beats": [], "murmur_band_db": {},
    }  # fmt: skip
    if any(reason in NO_HEART for reason in quality_reasons):
        return {**nothing, "sentence": "There is no heartbeat in which a reason could be sought."}
    try:
        states = prepared.segmentation.states
    except SignalError:
        return {**nothing, "sentence": "The recording is too short to say what moved the probability."}
    murmur = murmur_band_db(prepared, states)
    weights = _weights(predictor, prepared)
    hidden, asked, not_asked, explained_share = np.zeros(N_HIDDEN), [], [], 0.0
    beats: dict[tuple[float, float], float] = {}
    for member, weight in zip(predictor.members, weights, strict=True):
        occlusion = _occlusion_for(member, predictor, prepared)
        if occlusion is None:
            not_asked += [member.member.name] if weight else []
            continue
        by_part, by_beat = occlusion.changes(member)
        hidden += weight * by_part
        for span_s, beat in zip(occlusion.spans_s, by_beat, strict=True):
            beats[span_s] = beats.get(span_s, 0.0) + weight * float(beat)
        asked.append(member.member.name)
        explained_share += weight
    if not asked:
        return {
            **nothing,
            "not_asked": not_asked,
            "murmur_band_db": murmur,
            "sentence": "This model cannot say what moved the probability.",
        }

    def change(logit_change: float) -> dict[str, float]:
        p = predictor.point.calibration.probability
        logit_change = float(logit_change)
        return {
            "change": round(p(logit + logit_change) - p(logit), 4),
            "logit_change": round(logit_change, 4),
        }

    effects = [
        {"phase": phase, "low_hz": low_hz, "high_hz": high_hz, **change(part)}
        for (phase, low_hz, high_hz), part in zip(PARTS, hidden[: len(PARTS)], strict=True)
    ]
    return {
        "method": "occlusion",
        "members": asked,
        "not_asked": not_asked,
        "explained_share": round(explained_share, 3),
        "effects": effects,
        "phases": [
            {"phase": phase, **change(whole)}
            for phase, whole in zip(PHASES, hidden[len(PARTS) :], strict=True)
        ],
        "beats": [
            {"start_s": round(start_s, 3), "end_s": round(end_s, 3), **change(beat)}
            for (start_s, end_s), beat in sorted(beats.items())
        ],
        "murmur_band_db": murmur,
        "sentence": sentence_for(effects),
    }


def _occlusion_for(
    member: LoadedMember, predictor: EnsemblePredictor, prepared: Prepared
) -> MelOcclusion | BeatOcclusion | None:
    """What to ask a member with; None for one that cannot be asked.

    A network on mel windows is not asked where those made from beats have a larger say: it costs twice the time and
    would hardly change the picture.
    """
    if member.input_of in MADE_OF_BEATS:
        return BeatOcclusion.of(prepared)
    if member.input_of is not mel_window_input:
        return None
    of_beats = sum(other.member.weight for other in predictor.members if other.input_of in MADE_OF_BEATS)
    if prepared.beat_spectrum is not None and of_beats > member.member.weight:
        return None
    return MelOcclusion.of(prepared, member)


def _weights(predictor: EnsemblePredictor, prepared: Prepared) -> list[float]:
    """Each member's share of the mean logit; those that see single beats have none where no beat was found."""
    sees_all = (mel_window_input, opsfusion_input)
    weights = [
        member.member.weight if member.input_of in sees_all or prepared.beat_spectrum is not None else 0.0
        for member in predictor.members
    ]
    total = sum(weights)
    return [weight / total if total else 0.0 for weight in weights]


def murmur_band_db(prepared: Prepared, states: np.ndarray) -> dict[str, float]:
    """Mean power between 150 and 500 Hz in each phase, in dB relative to its mean over the recording."""
    from ml.dsp.envelope import wavelet_power
    from ml.dsp.segmentation_features import FRAME_RATE_HZ

    power = wavelet_power(prepared.samples, prepared.fs_hz, (MURMUR_BAND_HZ,), FRAME_RATE_HZ)[0][
        : states.size
    ]
    states = states[: power.size]
    floor = RELATIVE_FLOOR * power.max() + np.finfo(float).tiny
    mean = power.mean() + floor
    return {
        phase: round(float(10 * np.log10((power[states == index].mean() + floor) / mean)), 1)
        for index, phase in enumerate(PHASES)
        if np.any(states == index)
    }


def sentence_for(effects: Sequence[dict[str, Any]]) -> str:
    """One sentence that says where the sound was that moved the probability, how far, and nothing of its cause."""
    strongest = max(effects, key=lambda effect: abs(effect["change"]), default=None)
    if strongest is None or abs(strongest["change"]) < NOTABLE_EFFECT:
        return f"No single part of the beat moved the probability by more than {NOTABLE_EFFECT:.2f}."
    direction = "raised" if strongest["change"] < 0 else "lowered"
    return (
        f"Sound in {strongest['phase']} at {strongest['low_hz']:.0f}-{strongest['high_hz']:.0f} Hz {direction} the"
        f" probability most: without it, it would be {abs(strongest['change']):.2f}"
        f" {'lower' if direction == 'raised' else 'higher'}."
    )
