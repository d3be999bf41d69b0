"""Several recordings of one patient (sites, takes) read as one session. The rule was fixed before it was judged.

The probability is that of the mean logit of the usable recordings, recalibrated. A mean does not rise with the
number of sites, as a maximum would: more sites alone are no evidence. The label needs less to warn than to reassure:
one recording that is confidently abnormal suffices for Abnormal; Normal needs four usable sites; all else is Unsure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ml.inference.artefact import Calibration
from ml.inference.reading import HeartSoundReading
from ml.inference.wording import ABNORMAL, BORDERLINE, NORMAL, OUT_OF_SCOPE, QUALITY, UNSURE

SITES_FOR_NORMAL = 4
# A recording is confident where its odds are this many times those of the upper edge of its unsure band.
CONFIDENT_ODDS_RATIO = 2.0
PROBABILITY_LIMIT = 1e-6


@dataclass(frozen=True)
class SessionReading:
    """One reading for a patient's session.

    `probability_abnormal` is None where no recording was usable. `confident_sites` counts the usable recordings
    that are confidently abnormal.
    """

    label: str
    unsure_reason: str | None
    probability_abnormal: float | None
    n_recordings: int
    n_usable: int
    confident_sites: int

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        p = self.probability_abnormal
        return {
            "label": self.label,
            "unsure_reason": self.unsure_reason,
            "probability_abnormal": None if p is None else round(p, 4),
            "n_recordings": self.n_recordings,
            "n_usable": self.n_usable,
            "confident_sites": self.confident_sites,
        }


def read_session(
    readings: Sequence[HeartSoundReading],
    *,
    calibration: Mapping[str, float] | None = None,
    sites: Sequence[str] | None = None,
) -> SessionReading:
    """Fuse the readings of one session.

    readings : of one model at one operating point, at least one.
    calibration : the artefact's `session` entry (`slope`, `intercept` on the mean logit).
    sites : the place of each recording. Takes of one place count as one usable site and are averaged first; without
        it each recording counts as a site of its own.
    Raises ValueError without readings, or where `sites` has another length.
    """
    if not readings:
        raise ValueError("a session needs at least one reading")
    places = list(sites) if sites is not None else [str(i) for i in range(len(readings))]
    if len(places) != len(readings):
        raise ValueError("sites and readings differ in length")
    usable = [
        (place, reading) for place, reading in zip(places, readings, strict=True) if reading.quality.usable
    ]
    outcome = SessionReading(UNSURE, QUALITY, None, len(readings), len(usable), 0)
    if not usable:
        if all(reading.unsure_reason == OUT_OF_SCOPE for reading in readings):
            return replace(outcome, unsure_reason=OUT_OF_SCOPE)
        return outcome
    by_place: dict[str, list[HeartSoundReading]] = {}
    for place, reading in usable:
        by_place.setdefault(place, []).append(reading)
    logits = {
        place: sum(_logit(reading.probability_abnormal) for reading in takes) / len(takes)
        for place, takes in by_place.items()
    }
    limits = {place: _confident_logit(takes[0]) for place, takes in by_place.items()}
    confident = sum(logits[place] >= limits[place] for place in by_place)
    probability = Calibration(**(calibration or {})).probability(sum(logits.values()) / len(logits))
    label, reason = _label(probability, confident, len(by_place), usable[0][1])
    return replace(
        outcome,
        label=label,
        unsure_reason=reason,
        probability_abnormal=probability,
        confident_sites=confident,
    )


def _label(
    probability: float, confident: int, n_sites: int, reading: HeartSoundReading
) -> tuple[str, str | None]:
    low, high = reading.unsure_band
    if confident or probability >= max(high, reading.threshold):
        return ABNORMAL, None
    if probability > low or probability >= reading.threshold:
        return UNSURE, BORDERLINE
    return (NORMAL, None) if n_sites >= SITES_FOR_NORMAL else (UNSURE, QUALITY)


def _confident_logit(reading: HeartSoundReading) -> float:
    return _logit(max(reading.unsure_band[1], reading.threshold)) + math.log(CONFIDENT_ODDS_RATIO)


def _logit(probability: float) -> float:
    p = min(max(probability, PROBABILITY_LIMIT), 1 - PROBABILITY_LIMIT)
    return math.log(p / (1 - p))
