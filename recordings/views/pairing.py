"""A QR code for the phone, and taking a phone's right to record away. Answers JSON to the live page's script."""

from __future__ import annotations

import base64
import io
from uuid import UUID

import qrcode
import qrcode.image.svg
from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.actors import Actor
from accounts.decorators import clinic_page
from accounts.permissions import Right
from accounts.requests import PersonRequest
from recordings.selectors import get_session_for
from recordings.services.pairing import issue_pairing, revoke_pairing


@require_POST
@never_cache
@clinic_page()
def issue(request: PersonRequest, session_id: UUID) -> JsonResponse:
    session = get_session_for(request.user, session_id, right=Right.RECORD)
    ticket = issue_pairing(session=session, by=Actor.of(request))
    page = phone_page_url(request)
    return JsonResponse(
        {
            # The token stands behind the #, so that no server ever writes it into a log.
            "qr": qr_data_url(f"{page}#{ticket.token}"),
            "url": f"{page}#{ticket.token}",
            "address": page.partition("://")[2].rstrip("/"),
            "code": ticket.short_code,
            "expires_at": ticket.expires_at.isoformat(),
        }
    )


@require_POST
@clinic_page()
def revoke(request: PersonRequest, session_id: UUID) -> JsonResponse:
    session = get_session_for(request.user, session_id, right=Right.RECORD)
    return JsonResponse({"revoked": revoke_pairing(session=session, by=Actor.of(request))})


def phone_page_url(request: HttpRequest) -> str:
    """Where a phone reaches this server: the address `serve` found, or the one the desktop itself uses."""
    path = reverse("recordings:phone")
    return f"{settings.PHONE_ORIGIN}{path}" if settings.PHONE_ORIGIN else request.build_absolute_uri(path)


def qr_data_url(text: str) -> str:
    """The text as an SVG QR code (black on white, quiet zone included) in a data: URL."""
    image = qrcode.make(text, image_factory=qrcode.image.svg.SvgPathFillImage, border=3)
    buffer = io.BytesIO()
    image.save(buffer)
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode()
