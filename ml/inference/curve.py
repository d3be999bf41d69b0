"""What each threshold of a model does: its sensitivity and specificity on recordings it had not learnt from.

A clinic that wants another compromise than the released ones asks for a sensitivity; each model maps the wish to a
threshold of its own here. Standard library only, so that a page can show the figures without an engine.
`ml.evaluation.curve` makes a curve; the artefact carries it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from ml.inference.errors import ArtefactError

# What may be asked for. Below, a second opinion that misses one abnormal recording in five is none; above, the few
# held-out recordings that decide are too few to promise it on other subjects.
MIN_SENSITIVITY, MAX_SENSITIVITY = 0.80, 0.98
# And never at the price of calling more than two of five normal recordings abnormal.
MIN_SPECIFICITY = 0.60


@dataclass(frozen=True)
class CurvePoint:
    """At `threshold` (a probability), the share of abnormal recordings called abnormal and of normal ones normal."""

    threshold: float
    unsure_band: tuple[float, float]
    sensitivity: float
    specificity: float

    def __post_init__(self) -> None:
        low, high = self.unsure_band
        for value in (self.threshold, low, high, self.sensitivity, self.specificity):
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0.0 <= value <= 1.0:
                raise _refused(f"{value!r} is not a number between 0 and 1")
        if not low <= self.threshold <= high:
            raise _refused(
                f"the threshold {self.threshold} lies outside its unsure band {list(self.unsure_band)}"
            )


@dataclass(frozen=True)
class OperatingCurve:
    """Points by rising threshold; `n_abnormal` and `n_normal` recordings stand behind their figures.

    `databases_alike`: each database counts the same, whatever its size; otherwise each recording does. Raises
    ArtefactError artefact.curve where it cannot be true: a higher threshold never finds more abnormal recordings and
    never clears fewer normal ones.
    """

    points: tuple[CurvePoint, ...]
    n_abnormal: int
    n_normal: int
    databases_alike: bool = False

    def __post_init__(self) -> None:
        if len(self.points) < 2:
            raise _refused("it has fewer than two points")
        for name, count in (("abnormal", self.n_abnormal), ("normal", self.n_normal)):
            if isinstance(count, bool) or not isinstance(count, int) or count < 1:
                raise _refused(f"its number of {name} recordings is {count!r}")
        for lower, higher in pairwise(self.points):
            if higher.threshold <= lower.threshold:
                raise _refused(f"its thresholds do not rise after {lower.threshold}")
            if higher.sensitivity > lower.sensitivity or higher.specificity < lower.specificity:
                raise _refused(
                    f"from the threshold {lower.threshold} to {higher.threshold} sensitivity rises or specificity falls"
                )

    def at_threshold(self, threshold: float) -> CurvePoint | None:
        """The point of exactly this threshold."""
        place = bisect_left([point.threshold for point in self.points], threshold)
        found = self.points[place] if place < len(self.points) else None
        return found if found is not None and found.threshold == threshold else None

    def at_sensitivity(self, wanted: float) -> CurvePoint | None:
        """The highest threshold that finds at least the share `wanted` of the abnormal recordings.

        Where that would cost more specificity than MIN_SPECIFICITY allows, the most sensitive point that does not;
        None where no point of this model is worth offering. Raises ArtefactError artefact.operating_point for a wish
        outside MIN_SENSITIVITY..MAX_SENSITIVITY.
        """
        if not MIN_SENSITIVITY <= wanted <= MAX_SENSITIVITY:
            raise ArtefactError(
                "artefact.operating_point",
                f"A sensitivity of {wanted} cannot be asked for: {MIN_SENSITIVITY} to {MAX_SENSITIVITY} can.",
            )
        if self.highest_sensitivity is None:
            return None
        allowed = [point for point in self.points if point.specificity >= MIN_SPECIFICITY]
        reaching = [point for point in allowed if point.sensitivity >= wanted]
        return reaching[-1] if reaching else allowed[0]

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON types, as `parse_curve` reads them."""
        return {
            "points": [asdict(point) | {"unsure_band": list(point.unsure_band)} for point in self.points],
            "n_abnormal": self.n_abnormal,
            "n_normal": self.n_normal,
            "databases_alike": self.databases_alike,
        }

    @property
    def highest_sensitivity(self) -> float | None:
        """The most that may be asked of this model; None where even MIN_SENSITIVITY costs too much specificity."""
        allowed = [point.sensitivity for point in self.points if point.specificity >= MIN_SPECIFICITY]
        if not allowed or allowed[0] < MIN_SENSITIVITY:
            return None
        return min(allowed[0], MAX_SENSITIVITY)


def parse_curve(item: Mapping[str, Any]) -> OperatingCurve:
    """A curve from its JSON. Raises ArtefactError artefact.curve."""
    try:
        points = tuple(
            CurvePoint(
                threshold=point["threshold"],
                unsure_band=(point["unsure_band"][0], point["unsure_band"][1]),
                sensitivity=point["sensitivity"],
                specificity=point["specificity"],
            )
            for point in item["points"]
        )
        return OperatingCurve(
            points, item["n_abnormal"], item["n_normal"], bool(item.get("databases_alike", False))
        )
    except (KeyError, IndexError, TypeError) as error:
        raise _refused(f"an entry is missing or has the wrong form ({error})") from error


def predictive_values(
    sensitivity: float, specificity: float, prevalence: float
) -> tuple[float | None, float | None]:
    """PPV and NPV where the share `prevalence` is abnormal (Bayes); None where nothing would be called so."""
    found, missed = sensitivity * prevalence, (1 - sensitivity) * prevalence
    cleared, alarmed = specificity * (1 - prevalence), (1 - specificity) * (1 - prevalence)
    ppv = found / (found + alarmed) if found + alarmed > 0 else None
    npv = cleared / (cleared + missed) if cleared + missed > 0 else None
    return ppv, npv


def _refused(reason: str) -> ArtefactError:
    return ArtefactError("artefact.curve", f"The model's operating curve is not usable: {reason}.")
