"""Recording sessions of the user's active clinic."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.shortcuts import get_object_or_404

from accounts.models import User
from accounts.permissions import Right, require
from recordings.models import Patient, RecordingSession

TAKES = Count("recordings", filter=Q(recordings__deleted_at__isnull=True))


def sessions_for(
    user: User, *, patient: Patient | None = None, is_open: bool | None = None, right: Right = Right.VIEW
) -> QuerySet[RecordingSession]:
    """Newest first, with the patient loaded and `n_takes` counted (deleted takes left out)."""
    require(user, right)
    sessions = RecordingSession.objects.filter(clinic=user.active_clinic).select_related(
        "patient", "opened_by"
    )
    if patient is not None:
        sessions = sessions.filter(patient=patient)
    if is_open is not None:
        sessions = sessions.filter(ended_at__isnull=is_open)
    return sessions.annotate(n_takes=TAKES)


def get_session_for(user: User, session_id: UUID | str, *, right: Right = Right.VIEW) -> RecordingSession:
    sessions = RecordingSession.objects.filter(clinic=user.active_clinic).select_related("patient", "clinic")
    session = get_object_or_404(sessions, pk=session_id)
    require(user, right)
    return session
