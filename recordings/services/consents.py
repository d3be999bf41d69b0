"""Taking a consent back: for research alone, or for care, and then what was recorded under it goes too."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from accounts.permissions import Right, authorise
from accounts.services.audit import record_event
from recordings.models import Consent, Recording, RecordingSession
from recordings.services.deletion import delete_recording
from recordings.services.sessions import end_session

WITHDRAWN = "consent_withdrawn"


class Purpose(StrEnum):
    CARE = "care"
    RESEARCH = "research"


@dataclass(frozen=True)
class Withdrawal:
    """The takes that were deleted, and how many stay because a reading of them is signed."""

    deleted: tuple[Recording, ...] = ()
    kept: int = 0


def withdraw_consent(*, consent: Consent, by: Actor, purpose: Purpose = Purpose.CARE) -> Withdrawal:
    """Take back what was agreed to for one purpose; doing it twice changes nothing.

    Research alone: the box is cleared, the takes stay. Care: every consent of the session is withdrawn, since each
    upload has one of its own, the session ends, and its takes are deleted, which can be undone like any deletion.
    Raises `recording.receiving` while a take of the session is still arriving.
    """
    authorise(by=by, right=Right.DELETE, clinic=consent.clinic)
    with transaction.atomic():
        # A phone's start waits for this lock, and then finds no consent.
        session = RecordingSession.objects.select_for_update(of=("self",)).get(pk=consent.session_id)
        if purpose == Purpose.RESEARCH:
            _clear_research(consent, by)
            return Withdrawal()
        return _withdraw_care(session, consent, by)


def _clear_research(consent: Consent, by: Actor) -> None:
    if Consent.objects.filter(pk=consent.pk, for_research=True).update(for_research=False):
        consent.for_research = False
        record_event(by=by, action="consent.research_withdrawn", obj=consent)


def _withdraw_care(session: RecordingSession, consent: Consent, by: Actor) -> Withdrawal:
    takes = session.recordings.filter(deleted_at=None).select_related("clinic")
    if takes.filter(status=Recording.Status.RECEIVING).exists():
        raise HeartSiteError(
            "recording.receiving", "A take of this session is still arriving. Stop it first.", 409
        )
    in_force = list(session.consents.filter(withdrawn_at=None).select_related("clinic"))
    if not in_force:
        return Withdrawal()
    signed = takes.filter(readings__signed_at__isnull=False).distinct()
    kept = signed.count()
    doomed = list(takes.exclude(pk__in=signed.values("pk")).order_by("take"))
    now = timezone.now()
    for each in in_force:
        each.withdrawn_at, each.for_research = now, False
        each.save(update_fields=["withdrawn_at", "for_research"])
        details = {"takes_deleted": len(doomed), "takes_kept": kept}
        record_event(by=by, action="consent.withdrawn", obj=each, details=details)
    consent.withdrawn_at, consent.for_research = now, False
    for take in doomed:
        delete_recording(recording=take, by=by, reason=WITHDRAWN)
    end_session(session=session, by=by)
    return Withdrawal(tuple(doomed), kept)
