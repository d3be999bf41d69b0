"""A recording's page: the sound, the result, and how both came about."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.actors import Actor
from accounts.decorators import clinic_page
from accounts.permissions import Right, can
from accounts.requests import PersonRequest
from accounts.services.audit import record_event
from analysis.models import ModelVersion
from analysis.selectors import (
    get_analysis_for,
    get_visible_result,
    versions_to_read_with,
    visible_earlier_results,
)
from analysis.services.requests import request_analysis, retry_analysis
from recordings.models import Recording
from recordings.selectors import get_recording_for


@require_GET
@clinic_page()
def recording(request: PersonRequest, recording_id: UUID) -> HttpResponse:
    shown = get_recording_for(request.user, recording_id)
    record_event(by=Actor.of(request), action="recording.viewed", obj=shown)
    context = _panel(request, shown)
    finished = visible_earlier_results(request.user, shown)
    context |= {
        "session": shown.session,
        "patient": shown.session.patient,
        # While another analysis is on its way, the one before it is all there is to read.
        "earlier": [each for each in finished if each.analysis_id != context["result"].analysis_id],
        "takes": shown.session.recordings.filter(deleted_at__isnull=True).order_by("take"),
        "models": versions_to_read_with() if can(request.user, Right.ANALYSE) else [],
    }
    return render(request, "analysis/recording_detail.html", context)


@require_GET
@clinic_page()
def result(request: PersonRequest, recording_id: UUID) -> HttpResponse:
    """The result panel alone: what the page puts in place when the socket says that something changed."""
    shown = get_recording_for(request.user, recording_id)
    return render(request, "analysis/_result.html", _panel(request, shown))


@require_GET
@clinic_page()
def panel(request: PersonRequest, recording_id: UUID) -> HttpResponse:
    """Sound and result of one take, for the session's page to put in place when it is stored."""
    shown = get_recording_for(request.user, recording_id)
    record_event(by=Actor.of(request), action="recording.viewed", obj=shown)
    return render(request, "analysis/_panel.html", _panel(request, shown))


@require_POST
@clinic_page()
def request_again(request: PersonRequest, recording_id: UUID) -> HttpResponse:
    """Analyse once more, with the chosen model version or the current one."""
    shown = get_recording_for(request.user, recording_id, right=Right.ANALYSE)
    chosen = request.POST.get("model_version")
    model = get_object_or_404(ModelVersion, pk=chosen) if chosen else None
    request_analysis(recording=shown, by=Actor.of(request), model=model)
    return redirect("analysis:recording", recording_id=shown.pk)


@require_POST
@clinic_page()
def retry(request: PersonRequest, analysis_id: UUID) -> HttpResponse:
    analysis = get_analysis_for(request.user, analysis_id, right=Right.ANALYSE)
    retry_analysis(analysis=analysis, by=Actor.of(request))
    return redirect("analysis:recording", recording_id=analysis.recording_id)


def _panel(request: PersonRequest, shown: Recording) -> dict[str, Any]:
    """What sound and result need. The rest of a recording's page costs queries that these two do not."""
    return {"recording": shown, "result": get_visible_result(request.user, shown)}
