"""Reads of results. Model output leaves through `get_visible_result` alone, so that blind reading holds everywhere."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Prefetch, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from accounts.permissions import Right, require
from analysis.evidence import EvidenceTable, evidence_table
from analysis.gauge import Gauge, gauge_for
from analysis.insights import Insight, insights_for
from analysis.models import Analysis
from analysis.scope import scope_objection
from ml.inference.wording import NOT_A_DEVICE, PHONE_NOTE, wording_for
from recordings.models import Recording

if TYPE_CHECKING:
    from accounts.models import User

REASONS = {
    "quality": "recording quality",
    "borderline": "borderline",
    "out_of_scope": "outside what the model knows",
}


@dataclass(frozen=True)
class VisibleResult:
    """What one user may see of one recording's latest analysis; the fields of a reading are None until it is done."""

    analysis_id: uuid.UUID
    status: str
    model_name: str
    model_version: str
    requested_at: Any
    finished_at: Any
    error_code: str = ""
    error_message: str = ""
    label: str = ""
    headline: str = ""
    sentence: str = ""
    unsure_reason: str = ""
    probability_abnormal: float | None = None
    threshold: float | None = None
    unsure_band: tuple[float, float] | None = None
    operating_point: str = ""
    wanted_sensitivity: float | None = None
    heart_rate_bpm: float | None = None
    quality_score: float | None = None
    quality_usable: bool | None = None
    quality_reasons: tuple[str, ...] = ()
    s1_times_s: tuple[float, ...] = ()
    s2_times_s: tuple[float, ...] = ()
    elapsed_ms: float | None = None
    evidence: dict | None = None
    insights: tuple[Insight, ...] = ()
    disclaimer: str = NOT_A_DEVICE
    device_note: str = ""

    @property
    def is_done(self) -> bool:
        return self.status == Analysis.Status.DONE

    @property
    def gauge(self) -> Gauge | None:
        """Geometry of the probability gauge; None until there is a probability."""
        if self.probability_abnormal is None or self.threshold is None or self.unsure_band is None:
            return None
        return gauge_for(self.probability_abnormal, self.threshold, self.unsure_band)

    @property
    def evidence_table(self) -> EvidenceTable | None:
        """Nothing is explained that may not be read."""
        if self.unsure_reason in ("quality", "out_of_scope"):
            return None
        return evidence_table(self.evidence)

    @property
    def reason_text(self) -> str:
        return REASONS.get(self.unsure_reason, "")

    @property
    def marks(self) -> dict:
        """S1 and S2 for the sound view."""
        return {"s1": list(self.s1_times_s), "s2": list(self.s2_times_s)}

    @property
    def is_pending(self) -> bool:
        return self.status in (Analysis.Status.QUEUED, Analysis.Status.RUNNING)


def get_visible_result(user: User, recording: Recording) -> VisibleResult | None:
    """The latest analysis of `recording` that `user` may see, or None where there is none.

    Raises PermissionDenied without the right to view, Http404 for another clinic's recording.
    """
    require(user, Right.VIEW)
    if recording.clinic_id != user.active_clinic_id:
        raise Http404
    analysis = _latest(recording)
    return _visible(analysis, recording) if analysis is not None else None


def get_analysis_for(user: User, analysis_id: uuid.UUID, *, right: Right = Right.VIEW) -> Analysis:
    """The row behind a retry or an API address; its result is still to be read through `get_visible_result`."""
    analysis = get_object_or_404(analyses_for(user), pk=analysis_id)
    require(user, right)
    return analysis


def analyses_for(user: User) -> QuerySet[Analysis]:
    """Every analysis of the user's clinic that is no shadow run."""
    require(user, Right.VIEW)
    return (
        Analysis.objects.filter(
            clinic=user.active_clinic, is_shadow=False, recording__deleted_at__isnull=True
        )
        .select_related("recording", "model_version")
        .order_by("-created_at", "-pk")
    )


def with_latest_analysis(recordings: QuerySet[Recording]) -> QuerySet[Recording]:
    """Prefetch what `get_visible_result` needs, for lists without a query per row."""
    shown = (
        Analysis.objects.filter(is_shadow=False)
        .select_related("model_version")
        .order_by("-created_at", "-pk")
    )
    return recordings.prefetch_related(Prefetch("analyses", queryset=shown, to_attr="shown_analyses"))


def visible_earlier_results(user: User, recording: Recording) -> list[VisibleResult]:
    """Every finished analysis of a recording, newest first: how model versions differ on the same sound."""
    if get_visible_result(user, recording) is None:
        return []
    done = recording.analyses.filter(is_shadow=False, status=Analysis.Status.DONE).select_related(
        "model_version"
    )
    return [_visible(analysis, recording) for analysis in done]


def _latest(recording: Recording) -> Analysis | None:
    if hasattr(recording, "shown_analyses"):
        return recording.shown_analyses[0] if recording.shown_analyses else None
    return recording.analyses.filter(is_shadow=False).select_related("model_version").first()


def _visible(analysis: Analysis, recording: Recording) -> VisibleResult:
    common: dict[str, Any] = {
        "analysis_id": analysis.pk,
        "status": analysis.status,
        "model_name": analysis.model_version.name,
        "model_version": analysis.model_version.version,
        "requested_at": analysis.created_at,
        "finished_at": analysis.finished_at,
    }
    if analysis.status != Analysis.Status.DONE:
        return VisibleResult(**common, error_code=analysis.error_code, error_message=analysis.error_message)
    # Asked anew each time: a session moved to the right patient, or a corrected age, changes what the model may say.
    outside = scope_objection(recording)
    label, reason = ("unsure", "out_of_scope") if outside else (analysis.label, analysis.unsure_reason)
    headline, sentence = wording_for(label, reason or None)
    return VisibleResult(
        **common,
        label=label,
        headline=headline,
        sentence=sentence,
        unsure_reason=reason,
        probability_abnormal=analysis.probability_abnormal,
        threshold=analysis.threshold,
        unsure_band=_band(analysis),
        operating_point=analysis.operating_point,
        wanted_sensitivity=analysis.wanted_sensitivity,
        heart_rate_bpm=analysis.heart_rate_bpm,
        quality_score=analysis.quality_score,
        quality_usable=analysis.quality_usable,
        quality_reasons=tuple(analysis.quality_reasons),
        s1_times_s=tuple(analysis.s1_times_s),
        s2_times_s=tuple(analysis.s2_times_s),
        elapsed_ms=analysis.elapsed_ms,
        evidence=analysis.evidence,
        insights=insights_for(analysis, outside),
        device_note=PHONE_NOTE if recording.source == Recording.Source.PHONE else "",
    )


def _band(analysis: Analysis) -> tuple[float, float] | None:
    low, high = analysis.band_low, analysis.band_high
    return None if low is None or high is None else (low, high)
