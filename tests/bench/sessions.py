"""Sessions for a load test, opened in the server's database. Import after django.setup()."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

from accounts.actors import Actor
from accounts.models import Clinic, Membership, Role, User
from accounts.scoping import activate
from recordings.models import Patient
from recordings.services.pairing import issue_pairing
from recordings.services.sessions import end_session, open_session
from tests.bench.clients import Seat


@contextmanager
def open_seats(n_phones: int, *, is_secure: bool) -> Iterator[list[Seat]]:
    """One open session with a pairing for each phone, and a log-in for the desktops; closed again at the end.

    Uses the demo clinic where there is one, so that no real clinic gets test patients.
    """
    run = uuid.uuid4().hex[:8]
    clinic = Clinic.objects.filter(is_demo=True).first() or Clinic.objects.create(name=f"Load test {run}")
    user = User.objects.create_user(f"load-{run}@example.invalid", None)
    activate(user, Membership.objects.create(user=user, clinic=clinic, role=Role.CLINICIAN))
    by, cookie = Actor.of_user(user), _log_in(user, is_secure)
    sessions, seats = [], []
    try:
        for number in range(n_phones):
            patient = Patient.objects.create(clinic=clinic, identifier=f"LOAD-{run}-{number:03d}")
            session = open_session(patient=patient, by=by)
            sessions.append(session)
            seats.append(Seat(str(session.pk), issue_pairing(session=session, by=by).token, cookie))
        yield seats
    finally:
        for session in sessions:
            end_session(session=session, by=by)
        user.is_active = False
        user.save(update_fields=["is_active"])


def _log_in(user: User, is_secure: bool) -> str:
    log_in = import_module(settings.SESSION_ENGINE).SessionStore()
    log_in[SESSION_KEY] = str(user.pk)
    log_in[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[1]
    log_in[HASH_SESSION_KEY] = user.get_session_auth_hash()
    log_in.create()
    prefix = "__Host-" if is_secure else ""
    return f"{prefix}{settings.SESSION_COOKIE_NAME}={log_in.session_key}"
