"""How to connect a device, and the certificate to install on the clinic's own."""

from __future__ import annotations

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

AUTHORITY_FILE = "authority.crt"


@require_safe
def connect(request: HttpRequest) -> HttpResponse:
    context = {
        "phone_origin": settings.PHONE_ORIGIN,
        "has_certificate": (settings.CERTIFICATES_DIR / AUTHORITY_FILE).is_file() and not settings.PUBLIC_URL,
    }
    return render(request, "connect.html", context)


@require_safe
def authority(request: HttpRequest) -> FileResponse:
    """The public half alone; the key never leaves the server."""
    certificate = settings.CERTIFICATES_DIR / AUTHORITY_FILE
    if not certificate.is_file():
        raise Http404
    return FileResponse(
        certificate.open("rb"),
        content_type="application/x-x509-ca-cert",
        as_attachment=True,
        filename="heartsite-authority.crt",
    )


urlpatterns = [
    path("", connect, name="connect"),
    path("authority.crt", authority, name="connect_authority"),
]
