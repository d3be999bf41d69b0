"""What was agreed to, by whom, in which words."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from accounts.models import Clinic
from recordings.models.patient import Patient
from recordings.models.session import Pairing, RecordingSession


class Consent(models.Model):
    class Giver(models.TextChoices):
        PATIENT = "patient", "The patient, on the phone"
        GUARDIAN = "guardian", "A guardian, on the phone"
        ATTESTED = "attested", "Attested by the clinician"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="consents")
    session = models.ForeignKey(RecordingSession, on_delete=models.CASCADE, related_name="consents")
    pairing = models.ForeignKey(Pairing, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    giver = models.CharField(max_length=16, choices=Giver.choices)
    attested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    wording_version = models.CharField(max_length=32)
    language = models.CharField(max_length=16, default="en")
    for_care = models.BooleanField(default=True)
    for_research = models.BooleanField(default=False)
    given_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-given_at"]

    def __str__(self) -> str:
        return f"Consent {str(self.id)[:8]}"
