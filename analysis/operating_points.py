"""At what threshold a model reads for a clinic, and what that means among its patients."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import Clinic, OperatingPoint
from analysis.models import ModelVersion
from ml.inference.curve import MIN_SENSITIVITY, MIN_SPECIFICITY, CurvePoint, OperatingCurve, predictive_values

# A model that cannot be adjusted reads at its released point nearest to the wish; screening is made for 0.90.
SCREENING_FROM = 0.90
PATIENTS = 1000


def point_for(version: ModelVersion, clinic: Clinic) -> tuple[str, float | None]:
    """The operating point of an analysis by `version` for `clinic`, and the wanted sensitivity where it is adjusted."""
    if clinic.operating_point != OperatingPoint.ADJUSTED:
        return clinic.operating_point, None
    curve = version.operating_curve
    if curve is not None and curve.highest_sensitivity is not None:
        return OperatingPoint.ADJUSTED, clinic.wanted_sensitivity
    return released_instead_of(clinic.wanted_sensitivity), None


def released_instead_of(wanted_sensitivity: float) -> str:
    """The released operating point that stands in for a wish the model cannot map."""
    return OperatingPoint.SCREENING if wanted_sensitivity >= SCREENING_FROM else OperatingPoint.BALANCED


@dataclass(frozen=True)
class Counts:
    """What a forced choice does with PATIENTS recordings, in whole ones."""

    abnormal: int
    found: int
    normal: int
    alarms: int

    @property
    def missed(self) -> int:
        return self.abnormal - self.found

    @property
    def cleared(self) -> int:
        return self.normal - self.alarms

    @property
    def total(self) -> int:
        return self.abnormal + self.normal


@dataclass(frozen=True)
class Point:
    """One operating point; without a curve only its threshold and band are known. PPV and NPV at the prevalence."""

    name: str
    threshold: float
    unsure_band: tuple[float, float]
    sensitivity: float | None = None
    specificity: float | None = None
    ppv: float | None = None
    npv: float | None = None
    counts: Counts | None = None
    is_chosen: bool = False

    @property
    def title(self) -> str:
        return OperatingPoint(self.name).label


@dataclass(frozen=True)
class Decision:
    """All the operating points of one model at one prevalence.

    `highest_sensitivity` is the most that may be asked for, None where the model cannot be adjusted; `stand_in` is the
    released point it then reads at. `is_limited`: less is reached than was wanted, because specificity has a floor.
    """

    points: tuple[Point, ...]
    prevalence: float
    highest_sensitivity: float | None
    stand_in: str
    is_limited: bool
    curve: OperatingCurve | None

    @property
    def chosen(self) -> Point | None:
        return next((point for point in self.points if point.is_chosen), None)

    @property
    def min_sensitivity(self) -> float:
        return MIN_SENSITIVITY

    @property
    def min_specificity(self) -> float:
        return MIN_SPECIFICITY


def decision_of(
    version: ModelVersion, *, operating_point: str, wanted_sensitivity: float, prevalence: float
) -> Decision:
    """What each operating point of `version` does where the share `prevalence` of the patients is abnormal.

    operating_point, wanted_sensitivity : what is chosen, saved or not. A choice that the model cannot map shows the
    released point that stands in for it.
    """
    curve = version.operating_curve
    highest = curve.highest_sensitivity if curve else None
    adjusted = curve.at_sensitivity(wanted_sensitivity) if curve else None
    chosen = operating_point
    if operating_point == OperatingPoint.ADJUSTED and adjusted is None:
        chosen = released_instead_of(wanted_sensitivity)
    points = [
        _point(
            name,
            curve.at_threshold(facts["threshold"]) if curve else None,
            threshold=facts["threshold"],
            unsure_band=(facts["unsure_band"][0], facts["unsure_band"][1]),
            prevalence=prevalence,
            is_chosen=name == chosen,
        )
        for name, facts in _released(version)
    ]
    if adjusted is not None:
        points.append(
            _point(
                OperatingPoint.ADJUSTED,
                adjusted,
                threshold=adjusted.threshold,
                unsure_band=adjusted.unsure_band,
                prevalence=prevalence,
                is_chosen=chosen == OperatingPoint.ADJUSTED,
            )
        )
    return Decision(
        points=tuple(points),
        prevalence=prevalence,
        highest_sensitivity=highest,
        stand_in=released_instead_of(wanted_sensitivity),
        is_limited=chosen == OperatingPoint.ADJUSTED
        and adjusted is not None
        and adjusted.sensitivity < wanted_sensitivity,
        curve=curve,
    )


def offered_sensitivities(version: ModelVersion | None) -> tuple[float, float] | None:
    """The least and the most sensitivity that may be asked of a model; None where it cannot be adjusted."""
    curve = version.operating_curve if version else None
    highest = curve.highest_sensitivity if curve else None
    return None if highest is None else (MIN_SENSITIVITY, highest)


def _released(version: ModelVersion) -> list[tuple[str, dict]]:
    known = version.metadata.get("operating_points", {})
    return [
        (name, known[name]) for name in (OperatingPoint.BALANCED, OperatingPoint.SCREENING) if name in known
    ]


def _point(
    name: str,
    found: CurvePoint | None,
    *,
    threshold: float,
    unsure_band: tuple[float, float],
    prevalence: float,
    is_chosen: bool,
) -> Point:
    if found is None:
        return Point(name, threshold, unsure_band, is_chosen=is_chosen)
    ppv, npv = predictive_values(found.sensitivity, found.specificity, prevalence)
    abnormal = round(PATIENTS * prevalence)
    normal = PATIENTS - abnormal
    return Point(
        name=name,
        threshold=threshold,
        unsure_band=unsure_band,
        sensitivity=found.sensitivity,
        specificity=found.specificity,
        ppv=ppv,
        npv=npv,
        counts=Counts(
            abnormal=abnormal,
            found=round(abnormal * found.sensitivity),
            normal=normal,
            alarms=round(normal * (1 - found.specificity)),
        ),
        is_chosen=is_chosen,
    )
