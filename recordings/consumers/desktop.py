"""Which desktop may watch a session, and how the session stands when it begins to."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from accounts.permissions import Right
from accounts.scoping import activate_from_session
from recordings.fields import ProtocolError
from recordings.models import Recording
from recordings.protocol import CloseCode
from recordings.selectors import get_session_for


@dataclass(frozen=True)
class Watched:
    """A session as a desktop finds it. `was_paired`: a phone has been here."""

    target_s: int
    settle_s: int
    was_paired: bool
    take: dict | None
    device: str = ""
    native_rate_hz: int | None = None


def open_for_desktop(session_key: str | None, session_id: UUID) -> Watched:
    """Facts of the session, for the person logged in under `session_key`. Raises ProtocolError to anyone else."""
    log_in = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    request = HttpRequest()
    request.session = log_in
    user = get_user(request)
    if not user.is_authenticated:
        raise ProtocolError("session.login", "Log in to watch this session.", CloseCode.UNAUTHORISED)
    activate_from_session(user, log_in)
    try:
        session = get_session_for(user, session_id, right=Right.VIEW)
    except Http404 as error:
        raise ProtocolError("session.unknown", "There is no such session.", CloseCode.NOT_FOUND) from error
    except PermissionDenied as error:
        raise ProtocolError("session.forbidden", str(error), CloseCode.FORBIDDEN) from error
    receiving = session.recordings.filter(status=Recording.Status.RECEIVING).order_by("-take").first()
    return Watched(
        target_s=session.target_s,
        settle_s=session.settle_s,
        was_paired=session.pairings.filter(claimed_at__isnull=False).exists(),
        take=_take_view(receiving),
        device=receiving.device_label if receiving else "",
        native_rate_hz=receiving.native_rate_hz if receiving else None,
    )


def _take_view(recording: Recording | None) -> dict | None:
    if recording is None:
        return None
    return {
        "recording": str(recording.pk),
        "number": recording.take,
        "site": recording.site,
        "posture": recording.posture,
        "started_at": recording.started_at.isoformat() if recording.started_at else None,
        "samples": 0,
    }
