"""Sound over HTTP: whole or in ranges, cached by its hash, audited when somebody starts to listen."""

from __future__ import annotations

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header

from accounts.actors import Actor
from accounts.services.audit import record_event
from recordings.audio_streams import AudioStream, streamed
from recordings.byte_ranges import Unsatisfiable, parse_range
from recordings.models import Recording

# A player asks for the beginning more than once while it finds out what it plays; that is one playback.
ONE_PLAYBACK_S = 30


def audio_response(request: HttpRequest, recording: Recording, audio: AudioStream) -> HttpResponseBase:
    """200, 206, 304 or 416. The caller has checked that the user may hear `recording`."""
    etag = f'"{recording.pcm_sha256}.{audio.extension}"'
    if request.headers.get("If-None-Match") == etag:
        return _with_headers(HttpResponse(status=304), etag)
    asked = request.headers.get("Range", "")
    if request.headers.get("If-Range", etag) != etag:
        asked = ""
    try:
        part = parse_range(asked, audio.size) if asked else None
    except Unsatisfiable:
        refused = HttpResponse(status=416)
        refused["Content-Range"] = f"bytes */{audio.size}"
        return _with_headers(refused, etag)
    start, stop = part or (0, audio.size)
    if request.method == "HEAD":
        response: HttpResponseBase = HttpResponse(content_type=audio.content_type)
    else:
        if start == 0:
            _audit(request, recording)
        pieces = streamed(audio.pieces(start, stop))
        response = StreamingHttpResponse(pieces, content_type=audio.content_type)
    if part:
        response.status_code = 206
        response["Content-Range"] = f"bytes {start}-{stop - 1}/{audio.size}"
    response["Content-Length"] = str(stop - start)
    named = content_disposition_header("download" in request.GET, file_name(recording, audio.extension))
    response["Content-Disposition"] = named or "inline"
    return _with_headers(response, etag)


def file_name(recording: Recording, extension: str) -> str:
    """Says when and which take, never who."""
    made = (recording.started_at or recording.created_at).strftime("%Y%m%d-%H%M")
    return f"heartsite-{made}-take{recording.take}-{str(recording.pk)[:8]}.{extension}"


def _with_headers(response: HttpResponseBase, etag: str) -> HttpResponseBase:
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return response


def _audit(request: HttpRequest, recording: Recording) -> None:
    key = f"playback:{request.user.pk}:{recording.pk}"
    if cache.add(key, 1, timeout=ONE_PLAYBACK_S):
        record_event(by=Actor.of(request), action="recording.played", obj=recording)
