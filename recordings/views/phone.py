"""The phone's page. It is the same for everybody: what a phone may do, it earns over the socket."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from recordings import consent_wording


@require_GET
@never_cache
def phone(request: HttpRequest) -> HttpResponse:
    wording = consent_wording.current()
    config = {
        "ws_path": "/ws/capture/",
        "wording_version": wording["version"],
        "language": wording["language"],
    }
    return render(request, "recordings/phone.html", {"config": config})
