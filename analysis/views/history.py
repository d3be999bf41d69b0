"""Pages that list recordings beside what the model made of them: home, a patient, all recordings."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.actors import Actor
from accounts.decorators import clinic_page
from accounts.forms import day_start
from accounts.requests import PersonRequest
from accounts.services.audit import record_event
from analysis import visible_labels
from analysis.selectors import VisibleResult, get_visible_result, with_latest_analysis
from recordings.forms import RecordingFilterForm
from recordings.models import Recording
from recordings.selectors import (
    RecordingFilters,
    consents_for,
    get_patient_for,
    recordings_for,
    sessions_for,
)

RECENT = 12
OPEN_SESSIONS = 8
SESSIONS_PER_PAGE = 10
RECORDINGS_PER_PAGE = 25

Row = tuple[Recording, VisibleResult | None]


class HistoryFilterForm(RecordingFilterForm):
    label = forms.ChoiceField(
        label="Result", required=False, choices=[("", "Any result"), *visible_labels.CHOICES]
    )

    field_order = ["q", "label", "site", "source", "status", "since", "until"]


class PatientFilterForm(HistoryFilterForm):
    q = None  # type: ignore[assignment]  # Django's way to leave an inherited field out


@require_GET
@clinic_page()
def home(request: PersonRequest) -> HttpResponse:
    user = request.user
    record_event(by=Actor.of(request), action="home.viewed")
    today = day_start(timezone.localdate())
    context = {
        "recent": _rows(request, recordings_for(user)[:RECENT]),
        "open_sessions": sessions_for(user, is_open=True)[:OPEN_SESSIONS],
        "n_today": recordings_for(user, RecordingFilters(since=today)).count(),
        "today": timezone.localdate(),
    }
    return render(request, "analysis/home.html", context)


@require_GET
@clinic_page()
def recordings(request: PersonRequest) -> HttpResponse:
    form = HistoryFilterForm(request.GET)
    found = recordings_for(request.user, form.filters())
    page = Paginator(
        visible_labels.with_visible_label(found, form.asked.get("label", "")), RECORDINGS_PER_PAGE
    ).get_page(request.GET.get("page"))
    record_event(by=Actor.of(request), action="recordings.listed", details={"page": page.number})
    context = {"form": form, "page": page, "rows": _rows(request, page.object_list)}
    return render(request, "analysis/recordings.html", context)


@require_GET
@clinic_page()
def patient(request: PersonRequest, patient_id: UUID) -> HttpResponse:
    """A page of sessions, newest first, each with those of its takes that the filter lets through."""
    shown = get_patient_for(request.user, patient_id)
    record_event(by=Actor.of(request), action="patient.viewed", obj=shown)
    form = PatientFilterForm(request.GET)
    sessions = sessions_for(request.user, patient=shown)
    # By session id, so that the label is looked up for this patient's takes and not for the clinic's.
    takes = recordings_for(request.user, form.filters()).filter(
        session__in=list(sessions.order_by().values_list("pk", flat=True))
    )
    takes = visible_labels.with_visible_label(takes, form.asked.get("label", ""))
    if form.is_filtering:
        sessions = sessions.filter(pk__in=takes.order_by().values("session"))
    page = Paginator(sessions, SESSIONS_PER_PAGE).get_page(request.GET.get("page"))
    by_session = defaultdict(list)
    for row in _rows(request, takes.filter(session__in=list(page.object_list)).order_by("take")):
        by_session[row[0].session_id].append(row)
    context = {
        "patient": shown,
        "form": form,
        "page": page,
        "sessions": [(session, by_session[session.pk]) for session in page.object_list],
        "consents": list(consents_for(request.user, patient=shown)),
    }
    return render(request, "analysis/patient.html", context)


def _rows(request: PersonRequest, recordings) -> list[Row]:
    """Each recording with the result that this user may see, without a query per row."""
    return [(each, get_visible_result(request.user, each)) for each in with_latest_analysis(recordings)]
