"""Opening a recording session, steering it, ending it, and moving it to the right patient."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from accounts.permissions import Right, authorise
from accounts.services.audit import record_event
from recordings import announcements
from recordings.models import Consent, Patient, RecordingSession


def open_session(
    *, patient: Patient, by: Actor, target_s: int | None = None, site: str = "", posture: str = ""
) -> RecordingSession:
    """A new session of a patient; `target_s` is the clinic's own unless given. Raises `session.invalid`."""
    authorise(by=by, right=Right.RECORD, clinic=patient.clinic)
    session = RecordingSession(
        clinic=patient.clinic,
        patient=patient,
        opened_by=by.user,
        target_s=patient.clinic.target_s if target_s is None else target_s,
        site=site,
        posture=posture,
    )
    _check(session)
    with transaction.atomic():
        session.save()
        record_event(by=by, action="session.opened", obj=session)
    return session


def update_session(
    *,
    session: RecordingSession,
    by: Actor,
    site: str | None = None,
    posture: str | None = None,
    target_s: int | None = None,
) -> RecordingSession:
    """Change what the next take will be; None leaves a setting alone. Raises `session.ended`, `.invalid`."""
    authorise(by=by, right=Right.RECORD, clinic=session.clinic)
    _require_open(session)
    wanted = {"site": site, "posture": posture, "target_s": target_s}
    changes = {k: v for k, v in wanted.items() if v is not None and getattr(session, k) != v}
    if not changes:
        return session
    for field, value in changes.items():
        setattr(session, field, value)
    _check(session)
    with transaction.atomic():
        session.save(update_fields=list(changes))
        record_event(by=by, action="session.changed", obj=session, details={"fields": sorted(changes)})
        transaction.on_commit(lambda: announcements.settings_changed(session))
    return session


def end_session(*, session: RecordingSession, by: Actor) -> RecordingSession:
    """No further take; the phone's credential ends with it. Ending twice changes nothing."""
    authorise(by=by, right=Right.RECORD, clinic=session.clinic)
    now = timezone.now()
    with transaction.atomic():
        if not RecordingSession.objects.filter(pk=session.pk, ended_at=None).update(ended_at=now):
            session.refresh_from_db(fields=["ended_at"])
            return session
        session.ended_at = now
        session.pairings.filter(revoked_at=None).update(revoked_at=now)
        record_event(by=by, action="session.ended", obj=session)
        transaction.on_commit(lambda: announcements.phones_revoked(session.pk, reason="ended"))
    return session


def move_session(*, session: RecordingSession, patient: Patient, by: Actor) -> RecordingSession:
    """Give a session, its takes and its consents to the right patient. Raises `session.other_clinic`."""
    authorise(by=by, right=Right.MOVE, clinic=session.clinic)
    if patient.clinic_id != session.clinic_id:
        raise HeartSiteError("session.other_clinic", "That patient belongs to another clinic.", 404)
    if patient.pk == session.patient_id:
        return session
    before = session.patient_id
    with transaction.atomic():
        session.patient = patient
        session.save(update_fields=["patient"])
        Consent.objects.filter(session=session).update(patient=patient)
        details = {"from_patient": str(before), "to_patient": str(patient.pk)}
        record_event(by=by, action="session.moved", obj=session, details=details)
    return session


def _require_open(session: RecordingSession) -> None:
    if not session.is_open:
        raise HeartSiteError("session.ended", "This session has ended. Open a new one to record again.", 409)


def _check(session: RecordingSession) -> None:
    try:
        session.clean_fields(exclude=["opened_by"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise HeartSiteError(
            "session.invalid", f"{field.replace('_', ' ').capitalize()}: {messages[0]}"
        ) from error
