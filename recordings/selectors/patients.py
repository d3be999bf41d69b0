"""Patients of the user's active clinic."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404

from accounts.models import User
from accounts.permissions import Right, require
from recordings.models import Patient


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
