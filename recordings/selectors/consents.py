"""Consents given in the user's active clinic."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from accounts.models import User
from accounts.permissions import Right, require
from recordings.models import Consent, Patient


def consents_for(user: User, *, patient: Patient, right: Right = Right.VIEW) -> QuerySet[Consent]:
    """What was agreed to for this patient, newest first, session and attesting person loaded."""
    require(user, right)
    consents = Consent.objects.filter(clinic=user.active_clinic, patient=patient)
    return consents.select_related("session", "attested_by")


def get_consent_for(user: User, consent_id: UUID | str, *, right: Right = Right.VIEW) -> Consent:
    consents = Consent.objects.filter(clinic=user.active_clinic)
    consent = get_object_or_404(consents.select_related("session", "patient", "clinic"), pk=consent_id)
    require(user, right)
    return consent
