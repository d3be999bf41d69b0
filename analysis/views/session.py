"""The live page of a session: what the phone hears, and the results of its takes."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.actors import Actor
from accounts.decorators import clinic_page
from accounts.requests import PersonRequest
from accounts.services.audit import record_event
from analysis.models import ModelVersion
from analysis.selectors import get_visible_result, with_latest_analysis
from analysis.session_reading import session_reading
from recordings.models import Posture, Site
from recordings.selectors import RecordingFilters, get_session_for, recordings_for

# Stands in the page's address of a panel until the script puts a take's own id there.
ANY_RECORDING = UUID(int=0)


@require_GET
@clinic_page()
def session(request: PersonRequest, session_id: UUID) -> HttpResponse:
    shown = get_session_for(request.user, session_id)
    record_event(by=Actor.of(request), action="session.viewed", obj=shown)
    context = {
        "sites": Site.choices,
        "postures": Posture.choices,
        "any_recording": ANY_RECORDING,
        **_takes(request, shown),
    }
    return render(request, "analysis/session_detail.html", context)


@require_GET
@clinic_page()
def takes(request: PersonRequest, session_id: UUID) -> HttpResponse:
    """The list of takes alone, put in place when one is stored or analysed."""
    shown = get_session_for(request.user, session_id)
    return render(request, "analysis/_takes.html", _takes(request, shown))


def _takes(request: PersonRequest, shown) -> dict:
    recordings = with_latest_analysis(
        recordings_for(request.user, RecordingFilters(session=shown)).order_by("take")
    )
    rows = [(recording, get_visible_result(request.user, recording)) for recording in recordings]
    current = ModelVersion.objects.filter(stage=ModelVersion.Stage.CURRENT).first()
    return {
        "session": shown,
        "patient": shown.patient,
        "takes": rows,
        "latest": rows[-1] if rows else None,
        "together": session_reading(rows, current.metadata.get("session") if current else None),
    }
