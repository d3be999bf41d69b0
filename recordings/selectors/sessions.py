"""Recording sessions of the user's active clinic."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.shortcuts import get_object_or_404

from accounts.models import User
from accounts.permissions import Right, require
from recordings.models import Patient, Recording, RecordingSession


def sessions_for(
    user: User,
    *,
    patient: Patient | None = None,
    is_open: bool | None = None,
    query: str = "",
    right: Right = Right.VIEW,
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
    for word in query.split():
        sessions = sessions.filter(Q(patient__identifier__icontains=word) | Q(patient__name__icontains=word))
    takes = Recording.objects.filter(session=OuterRef("pk"), deleted_at__isnull=True).order_by()
    counted = takes.values("session").annotate(n=Count("pk")).values("n")
    return sessions.annotate(n_takes=Coalesce(Subquery(counted), 0))


def get_session_for(user: User, session_id: UUID | str, *, right: Right = Right.VIEW) -> RecordingSession:
    sessions = RecordingSession.objects.filter(clinic=user.active_clinic).select_related("patient", "clinic")
    session = get_object_or_404(sessions, pk=session_id)
    require(user, right)
    return session
