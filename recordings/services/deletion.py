"""Deleting a recording, and taking that back. The row and its sound stay until they are purged."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from accounts.permissions import Right, authorise
from accounts.services.audit import record_event
from recordings.models import Recording

# How long a deletion can be taken back; `recordings.services.purge` takes what is older.
UNDO_WINDOW = timedelta(days=30)


def delete_recording(*, recording: Recording, by: Actor, reason: str = "") -> Recording:
    """Hide a recording from every page; `reason` is a code for the audit trail.

    Raises `recording.signed` once a reading of it is signed, and `recording.receiving`.
    """
    authorise(by=by, right=Right.DELETE, clinic=recording.clinic)
    if recording.status == Recording.Status.RECEIVING:
        raise HeartSiteError("recording.receiving", "This take is still arriving. Stop it first.", 409)
    with transaction.atomic():
        # The relation's other end lives in `analysis`, which this package does not import.
        if recording.readings.filter(signed_at__isnull=False).exists():
            raise HeartSiteError(
                "recording.signed",
                "A reading of this recording is signed, so it stays. Amend the reading instead.",
                409,
            )
        now = timezone.now()
        if not Recording.objects.filter(pk=recording.pk, deleted_at=None).update(
            deleted_at=now, deleted_by=by.user
        ):
            return recording
        recording.deleted_at, recording.deleted_by = now, by.user
        details = {"reason": reason} if reason else {}
        record_event(by=by, action="recording.deleted", obj=recording, details=details)
    return recording


def restore_recording(*, recording: Recording, by: Actor) -> Recording:
    """Undo a deletion. Restoring what was never deleted changes nothing.

    Raises `recording.undo_over`: past the window its sound may be half gone already.
    """
    authorise(by=by, right=Right.DELETE, clinic=recording.clinic)
    with transaction.atomic():
        hidden = Recording.objects.filter(pk=recording.pk, deleted_at__isnull=False)
        if hidden.filter(deleted_at__lt=timezone.now() - UNDO_WINDOW).exists():
            raise HeartSiteError(
                "recording.undo_over",
                f"This was deleted more than {UNDO_WINDOW.days} days ago and cannot be brought back.",
                409,
            )
        if hidden.update(deleted_at=None, deleted_by=None):
            recording.deleted_at = recording.deleted_by = None
            record_event(by=by, action="recording.restored", obj=recording)
    return recording
