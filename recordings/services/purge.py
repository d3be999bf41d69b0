"""Removing for good what was deleted long enough ago, and deleting what a clinic keeps no longer.

Both are chores of the whole house, across its clinics: `manage.py purge` and the worker, once a day, do them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from accounts.models import Clinic
from accounts.services.audit import record_event
from recordings.audio_store import audio_name
from recordings.models import Recording
from recordings.services.deletion import UNDO_WINDOW, delete_recording

log = logging.getLogger(__name__)

RETENTION = "retention"

# Wraps what is gone through, given how many there are: a progress bar, or nothing.
Progress = Callable[[Iterable[UUID], int], Iterable[UUID]]


@dataclass(frozen=True)
class Purged:
    """What one run did: `kept` stay for their signed reading, `failed` are left for the next run."""

    removed: int
    kept: int
    failed: int


def without_progress(items: Iterable[UUID], total: int) -> Iterable[UUID]:
    return items


def deleted_before(cutoff: datetime) -> QuerySet[Recording]:
    """Recordings of every clinic that were deleted before `cutoff` and may be removed."""
    return _unsigned(Recording.objects.filter(deleted_at__lt=cutoff))


def past_retention(now: datetime) -> list[UUID]:
    """Recordings older than their clinic keeps them that may be deleted and are not yet."""
    found: list[UUID] = []
    for clinic in Clinic.objects.order_by():
        made_before = now - timedelta(days=clinic.retention_days)
        expired = Recording.objects.filter(clinic=clinic, created_at__lt=made_before, deleted_at=None)
        expired = _unsigned(expired.exclude(status=Recording.Status.RECEIVING))
        found += expired.order_by("created_at").values_list("pk", flat=True)
    return found


def purge_deleted(
    *, by: Actor, older_than: timedelta = UNDO_WINDOW, progress: Progress = without_progress
) -> Purged:
    """Remove for good what was deleted more than `older_than` ago: both files, the row and what hangs on it.

    Each recording is a transaction of its own that ends with its files: whatever breaks leaves a row that says
    "deleted", which nobody sees or restores, and which the next run takes up again. Audit trail and consent stay.
    Raises ValueError for less than the undo window, which was promised, and PermissionDenied.
    """
    _require_house(by)
    if older_than < UNDO_WINDOW:
        raise ValueError(f"a deletion can be undone for {UNDO_WINDOW.days} days")
    cutoff = timezone.now() - older_than
    due = list(deleted_before(cutoff).order_by("deleted_at").values_list("pk", flat=True))
    removed = failed = 0
    for recording_id in progress(due, len(due)):
        try:
            removed += _purge(recording_id, cutoff, by)
        except Exception:
            # A file that the storage will not give up must not keep the others.
            log.exception("recording %s was not purged; the next run tries again", recording_id)
            failed += 1
    kept = Recording.objects.filter(deleted_at__lt=cutoff, readings__signed_at__isnull=False).distinct()
    return Purged(removed, kept.count(), failed)


def delete_expired(*, by: Actor, progress: Progress = without_progress) -> int:
    """Delete what is past its clinic's retention, with the usual time to undo, and say how many."""
    _require_house(by)
    deleted = 0
    expired = past_retention(timezone.now())
    for recording_id in progress(expired, len(expired)):
        recording = Recording.objects.select_related("clinic").get(pk=recording_id)
        try:
            delete_recording(recording=recording, by=by, reason=RETENTION)
        except HeartSiteError as error:
            # Signed since the list was made.
            log.info("recording %s stays past its retention: %s", recording_id, error.code)
        else:
            deleted += 1
    return deleted


def _purge(recording_id: UUID, cutoff: datetime, by: Actor) -> bool:
    """Whether it was removed now: it may have been signed, or purged by another worker, since the list was made."""
    with transaction.atomic():
        due = deleted_before(cutoff).filter(pk=recording_id).select_related("clinic")
        recording = due.select_for_update(of=("self",)).first()
        if recording is None:
            return False
        details = {"samples": recording.n_samples, "drafts": recording.readings.count()}
        record_event(by=by, action="recording.purged", obj=recording, details=details)
        names = {str(recording.audio), str(recording.source_file), audio_name(recording)} - {""}
        # Drafts hold their recording, and one another, against deletion; nobody signed them.
        recording.readings.update(amends=None)
        recording.readings.all().delete()
        recording.delete()
        # Last: only the commit can fail after them, and a name that is gone already is no error the next time.
        for name in sorted(names):
            default_storage.delete(name)
    return True


def _unsigned(recordings: QuerySet[Recording]) -> QuerySet[Recording]:
    # The relation's other end lives in `analysis`, which this package does not import.
    return recordings.exclude(readings__signed_at__isnull=False)


def _require_house(by: Actor) -> None:
    if by.kind != "system" and not (by.user is not None and by.user.is_superuser):
        raise PermissionDenied("Only the house itself removes recordings for good.")
