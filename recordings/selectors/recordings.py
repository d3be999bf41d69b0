"""Recordings of the user's active clinic. What the model made of them is for `analysis.selectors` to say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404

from accounts.models import User
from accounts.permissions import Right, require
from recordings.models import Patient, Recording, RecordingSession


@dataclass(frozen=True)
class RecordingFilters:
    """Empty means any. `since` is inclusive and `until` exclusive, both aware times of creation."""

    patient: Patient | None = None
    session: RecordingSession | None = None
    site: str = ""
    posture: str = ""
    source: str = ""
    status: str = ""
    query: str = ""
    since: datetime | None = None
    until: datetime | None = None
    include_deleted: bool = False


def recordings_for(
    user: User, filters: RecordingFilters | None = None, *, right: Right = Right.VIEW
) -> QuerySet[Recording]:
    """Newest first, session and patient loaded; deleted ones left out unless asked for."""
    require(user, right)
    filters = filters or RecordingFilters()
    recordings = Recording.objects.filter(clinic=user.active_clinic).select_related("session__patient")
    if not filters.include_deleted:
        recordings = recordings.filter(deleted_at__isnull=True)
    exact = {
        "session__patient": filters.patient,
        "session": filters.session,
        "site": filters.site,
        "posture": filters.posture,
        "source": filters.source,
        "status": filters.status,
        "created_at__gte": filters.since,
        "created_at__lt": filters.until,
    }
    recordings = recordings.filter(**{field: value for field, value in exact.items() if value})
    for word in filters.query.split():
        recordings = recordings.filter(
            Q(session__patient__identifier__icontains=word) | Q(session__patient__name__icontains=word)
        )
    return recordings


def get_recording_for(
    user: User, recording_id: UUID | str, *, right: Right = Right.VIEW, include_deleted: bool = False
) -> Recording:
    recordings = Recording.objects.filter(clinic=user.active_clinic).select_related(
        "session__patient", "clinic"
    )
    if not include_deleted:
        recordings = recordings.filter(deleted_at__isnull=True)
    recording = get_object_or_404(recordings, pk=recording_id)
    require(user, right)
    return recording
