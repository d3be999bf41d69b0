"""What reading one recording yields: the fields of `analyze --json`, and the evidence behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ml.inference.wording import BORDERLINE, LABELS, OUT_OF_SCOPE, UNSURE, UNSURE_REASONS


@dataclass(frozen=True)
class SignalQuality:
    """`score` 0..1 (higher is clearer), `usable`, and the reasons against it, as codes."""

    usable: bool
    score: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelIdentity:
    """Which model spoke."""

    name: str
    version: str


@dataclass(frozen=True)
class HeartSoundReading:
    """One model's reading of one recording.

    `probability_abnormal` is calibrated (0..1); `threshold` is the forced choice between normal and abnormal;
    inside `unsure_band` (low, high) the label is unsure. Times are seconds on the original file's clock and
    mark the energy peaks of S1 and S2. `evidence` holds what moved the probability (see
    `ml.inference.explain`).
    """

    label: str
    unsure_reason: str | None
    probability_abnormal: float
    threshold: float
    unsure_band: tuple[float, float]
    quality: SignalQuality
    heart_rate_bpm: float | None
    duration_s: float
    sample_rate_hz: int
    s1_times_s: tuple[float, ...]
    s2_times_s: tuple[float, ...]
    model: ModelIdentity
    elapsed_ms: float
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.label not in LABELS:
            raise ValueError(f"{self.label!r} is not one of {LABELS}")
        if (self.label == UNSURE) != (self.unsure_reason in UNSURE_REASONS):
            raise ValueError(f"label {self.label!r} cannot have the reason {self.unsure_reason!r}")
        if not 0.0 <= self.probability_abnormal <= 1.0:
            raise ValueError(f"{self.probability_abnormal} is not a probability")

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON types, keys as in `analyze --json`, and `evidence` beside them."""
        return {
            "label": self.label,
            "unsure_reason": self.unsure_reason,
            "probability_abnormal": round(self.probability_abnormal, 4),
            "threshold": self.threshold,
            "unsure_band": list(self.unsure_band),
            "quality": {
                "usable": self.quality.usable,
                "score": round(self.quality.score, 3),
                "reasons": list(self.quality.reasons),
            },
            "heart_rate_bpm": None if self.heart_rate_bpm is None else round(self.heart_rate_bpm, 1),
            "duration_s": round(self.duration_s, 3),
            "sample_rate_hz": self.sample_rate_hz,
            "s1_times_s": [round(time_s, 4) for time_s in self.s1_times_s],
            "s2_times_s": [round(time_s, 4) for time_s in self.s2_times_s],
            "model": {"name": self.model.name, "version": self.model.version},
            "elapsed_ms": round(self.elapsed_ms, 2),
            "evidence": dict(self.evidence),
        }

    def out_of_scope(self) -> HeartSoundReading:
        """The same reading for a patient the model was not made for (a child, a prosthetic valve)."""
        return replace(self, label=UNSURE, unsure_reason=OUT_OF_SCOPE)


def label_for(
    probability_abnormal: float, threshold: float, unsure_band: tuple[float, float], quality: SignalQuality
) -> tuple[str, str | None]:
    """Three-way label and, with unsure, its reason.

    An unusable recording is unsure whatever the probability; so is one whose probability lies strictly inside
    the band.
    """
    if not quality.usable:
        return UNSURE, OUT_OF_SCOPE if "not_a_heartbeat" in quality.reasons else "quality"
    low, high = unsure_band
    if low < probability_abnormal < high:
        return UNSURE, BORDERLINE
    return ("abnormal" if probability_abnormal >= threshold else "normal"), None
