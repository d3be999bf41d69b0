"""Patients of the user's active clinic."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.shortcuts import get_object_or_404

from accounts.models import User
from accounts.permissions import Right, require
from recordings.models import Patient, RecordingSession


def patients_for(user: User, query: str = "", *, right: Right = Right.VIEW) -> QuerySet[Patient]:
    """All patients, or those whose identifier or name contains every word of `query`."""
    require(user, right)
    patients = Patient.objects.filter(clinic=user.active_clinic)
    for word in query.split():
        patients = patients.filter(Q(identifier__icontains=word) | Q(name__icontains=word))
    return patients


def get_patient_for(user: User, patient_id: UUID | str, *, right: Right = Right.VIEW) -> Patient:
    patient = get_object_or_404(Patient.objects.filter(clinic=user.active_clinic), pk=patient_id)
    require(user, right)
    return patient


def with_last_session(patients: QuerySet[Patient]) -> QuerySet[Patient]:
    """Annotates `n_sessions` and `last_session_at` (None without one), both from the session's own index."""
    sessions = RecordingSession.objects.filter(patient=OuterRef("pk")).order_by()
    counted = sessions.values("patient").annotate(n=Count("pk")).values("n")
    latest = sessions.values("patient").annotate(at=Max("opened_at")).values("at")
    return patients.annotate(n_sessions=Coalesce(Subquery(counted), 0), last_session_at=Subquery(latest))
