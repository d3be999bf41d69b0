"""The sound of a recording, to play or to download (`?download=1`)."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponseBase
from django.views.decorators.http import require_safe

from accounts.decorators import clinic_page
from accounts.requests import PersonRequest
from recordings.audio_response import audio_response
from recordings.audio_streams import flac_stream, wav_stream
from recordings.selectors import get_recording_for


@require_safe
@clinic_page()
def flac(request: PersonRequest, recording_id: UUID) -> HttpResponseBase:
    recording = get_recording_for(request.user, recording_id)
    return audio_response(request, recording, flac_stream(recording))


@require_safe
@clinic_page()
def wav(request: PersonRequest, recording_id: UUID) -> HttpResponseBase:
    recording = get_recording_for(request.user, recording_id)
    return audio_response(request, recording, wav_stream(recording))
