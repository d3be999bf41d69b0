"""Deleting a recording, and the Undo in the message that says so."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.views.decorators.http import require_POST

from accounts.actors import Actor
from accounts.decorators import clinic_page
from accounts.permissions import Right
from accounts.requests import PersonRequest
from recordings.selectors import get_recording_for
from recordings.services.deletion import delete_recording, restore_recording


@require_POST
@clinic_page()
def delete(request: PersonRequest, recording_id: UUID) -> HttpResponse:
    recording = get_recording_for(request.user, recording_id, right=Right.DELETE)
    delete_recording(recording=recording, by=Actor.of(request))
    undo = render_to_string("recordings/_deleted_message.html", {"recording": recording}, request)
    messages.success(request, undo)
    return redirect("analysis:patient", patient_id=recording.session.patient_id)


@require_POST
@clinic_page()
def restore(request: PersonRequest, recording_id: UUID) -> HttpResponse:
    recording = get_recording_for(request.user, recording_id, right=Right.DELETE, include_deleted=True)
    restore_recording(recording=recording, by=Actor.of(request))
    messages.success(request, f"Take {recording.take} is back.")
    return redirect("analysis:patient", patient_id=recording.session.patient_id)
