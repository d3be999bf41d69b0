"""Filtering recordings by the label that `get_visible_result` would show, in the database.

A filter by the stored label would let the raw reading of a child or a prosthetic valve out by the back door.
"""

from __future__ import annotations

from datetime import UTC
from typing import Any

from django.db.models import BooleanField, Case, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import ExtractDay, ExtractMonth, ExtractYear, Greatest
from django.db.models.lookups import LessThan

from analysis.models import Analysis
from recordings.models import Recording
from recordings.models.patient import ADULT_YEARS

PENDING, FAILED, NONE = "pending", "failed", "none"
CHOICES = [*Analysis.Label.choices, (PENDING, "Being analysed"), (FAILED, "Failed"), (NONE, "Not analysed")]

# analysis.scope.scope_objection is the rule; tests hold this and it together.
ADULT_MONTHS = 12 * ADULT_YEARS


def with_visible_label(recordings: QuerySet[Recording], label: str) -> QuerySet[Recording]:
    """Those of `recordings` whose newest analysis shows as `label`, of CHOICES; an empty one keeps all."""
    if not label:
        return recordings
    newest = Analysis.objects.filter(recording=OuterRef("pk"), is_shadow=False).order_by("-created_at", "-pk")
    # One subquery a row: the label once there is one, the status until then.
    verdict = Case(When(status=Analysis.Status.DONE, then=F("label")), default=F("status"))
    recordings = recordings.annotate(newest_verdict=Subquery(newest.annotate(v=verdict).values("v")[:1]))
    if label == NONE:
        return recordings.filter(newest_verdict__isnull=True)
    if label == PENDING:
        return recordings.filter(newest_verdict__in=[Analysis.Status.QUEUED, Analysis.Status.RUNNING])
    if label == FAILED:
        return recordings.filter(newest_verdict=Analysis.Status.FAILED)
    recordings = recordings.annotate(outside_scope=_outside_scope())
    if label == Analysis.Label.UNSURE:
        unsure = Q(newest_verdict=label) | Q(newest_verdict__in=Analysis.Label.values, outside_scope=True)
        return recordings.filter(unsure)
    return recordings.filter(newest_verdict=label, outside_scope=False)


def within_scope(recordings: QuerySet[Recording]) -> QuerySet[Recording]:
    """Those of `recordings` that a model may speak of at all, by `analysis.scope.scope_objection`."""
    return recordings.annotate(outside_scope=_outside_scope()).filter(outside_scope=False)


def _outside_scope() -> Case:
    patient = "session__patient__"
    made = F("created_at")
    since_birth = _months_between(F(f"{patient}born_on"), made)
    since_told = F(f"{patient}age_months") + Greatest(
        Value(0), _months_between(F(f"{patient}age_recorded_on"), made)
    )
    months = Case(
        When(**{f"{patient}born_on__isnull": False}, then=since_birth),
        # Who was an adult when asked still is: most rows need no arithmetic with dates, which SQLite does in Python.
        When(**{f"{patient}age_months__gte": ADULT_MONTHS}, then=Value(ADULT_MONTHS)),
        When(**{f"{patient}age_months__isnull": False}, then=since_told),
        default=Value(ADULT_MONTHS),
        output_field=IntegerField(),
    )
    return Case(
        When(**{f"{patient}prosthetic_valve": True}, then=Value(True)),
        default=Case(When(LessThan(months, ADULT_MONTHS), then=Value(True)), default=Value(False)),
        output_field=BooleanField(),
    )


def _months_between(start: Any, end: Any) -> Any:
    """Whole months from a date to the day, in UTC, of a time."""
    years = ExtractYear(end, tzinfo=UTC) - ExtractYear(start)
    months = ExtractMonth(end, tzinfo=UTC) - ExtractMonth(start)
    not_yet = Case(
        When(LessThan(ExtractDay(end, tzinfo=UTC), ExtractDay(start)), then=Value(1)),
        default=Value(0),
        output_field=IntegerField(),
    )
    return years * 12 + months - not_yet
