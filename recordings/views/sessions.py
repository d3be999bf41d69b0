"""Opening, steering, ending, moving sessions. The live page shows results and so lives in `analysis`."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.actors import Actor
from accounts.decorators import clinic_page
from accounts.errors import HeartSiteError
from accounts.permissions import Right
from accounts.requests import PersonRequest
from accounts.services.audit import record_event
from recordings.forms import OpenSessionForm, PatientSearchForm, SessionFilterForm, SessionSettingsForm
from recordings.selectors import get_patient_for, get_session_for, patients_for, sessions_for
from recordings.services import sessions

PER_PAGE = 25
CANDIDATES = 20


@require_GET
@clinic_page()
def index(request: PersonRequest) -> HttpResponse:
    form = SessionFilterForm(request.GET)
    is_open = {"open": True, "ended": False}.get(form.asked.get("state", ""))
    found = sessions_for(request.user, is_open=is_open, query=form.asked.get("q", ""))
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    record_event(by=Actor.of(request), action="sessions.listed", details={"page": page.number})
    return render(request, "recordings/sessions.html", {"form": form, "page": page})


@require_POST
@clinic_page()
def open_session(request: PersonRequest, patient_id: UUID) -> HttpResponse:
    patient = get_patient_for(request.user, patient_id, right=Right.RECORD)
    form = OpenSessionForm(request.POST)
    settings = form.cleaned_data if form.is_valid() else {}
    session = sessions.open_session(patient=patient, by=Actor.of(request), **settings)
    return redirect("analysis:session", session_id=session.pk)


@require_POST
@clinic_page()
def settings(request: PersonRequest, session_id: UUID) -> HttpResponse:
    """One or more of site, posture and target_s; answers JSON to the live page's script."""
    session = get_session_for(request.user, session_id, right=Right.RECORD)
    form = SessionSettingsForm(request.POST, instance=session)
    if not form.is_valid():
        field, problems = next(iter(form.errors.items()))
        raise HeartSiteError("session.invalid", f"{form.fields[field].label}: {problems[0]}")
    sessions.update_session(session=session, by=Actor.of(request), **form.changes())
    return JsonResponse({"site": session.site, "posture": session.posture, "target_s": session.target_s})


@require_POST
@clinic_page()
def end(request: PersonRequest, session_id: UUID) -> HttpResponse:
    session = get_session_for(request.user, session_id, right=Right.RECORD)
    sessions.end_session(session=session, by=Actor.of(request))
    messages.success(request, "The session has ended; its phone can send nothing more.")
    return redirect("analysis:patient", patient_id=session.patient_id)


@require_http_methods(["GET", "POST"])
@clinic_page()
def move(request: PersonRequest, session_id: UUID) -> HttpResponse:
    """Search for the right patient, then choose them: two steps, since a wrong choice is why one is here."""
    session = get_session_for(request.user, session_id, right=Right.MOVE)
    if request.method == "POST":
        patient = get_patient_for(request.user, request.POST.get("patient") or session.patient_id)
        sessions.move_session(session=session, patient=patient, by=Actor.of(request))
        messages.success(request, f"The session now belongs to patient {patient.identifier}.")
        return redirect("analysis:patient", patient_id=patient.pk)
    form = PatientSearchForm(request.GET)
    query = form.cleaned_data["q"] if form.is_valid() else ""
    candidates = (
        patients_for(request.user, query).exclude(pk=session.patient_id)[:CANDIDATES] if query else []
    )
    record_event(by=Actor.of(request), action="session.move_opened", obj=session)
    context = {"session": session, "form": form, "query": query, "candidates": candidates}
    return render(request, "recordings/session_move.html", context)
