"""A recording session of one patient, and the pairing that lets one phone into it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from accounts.models import Clinic
from recordings.models.patient import Patient
from recordings.models.recording import Posture, Site


class RecordingSession(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="sessions")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="sessions")
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    opened_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    target_s = models.PositiveSmallIntegerField(
        "usable seconds", default=15, validators=[MinValueValidator(10), MaxValueValidator(60)]
    )
    settle_s = models.PositiveSmallIntegerField(default=2, validators=[MaxValueValidator(10)])
    # What the next take will be of; each recording keeps its own copy.
    site = models.CharField(max_length=16, choices=Site.choices, blank=True)
    posture = models.CharField(max_length=16, choices=Posture.choices, blank=True)
    # Grows with every phone that says hello: a frame of an older epoch comes from a phone that was replaced.
    epoch = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-opened_at", "-id"]
        indexes = [
            models.Index(fields=["clinic", "-opened_at"], name="sessions_newest"),
            models.Index(fields=["patient", "-opened_at"], name="sessions_of_patient"),
        ]

    def __str__(self) -> str:
        return f"Session {str(self.id)[:8]}"

    @property
    def is_open(self) -> bool:
        return self.ended_at is None


class Pairing(models.Model):
    """One QR code: single use, five minutes; it buys one phone a credential for this session alone.

    Only SHA-256 hashes are stored. The short code stands for the token where a camera fails.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    session = models.ForeignKey(RecordingSession, on_delete=models.CASCADE, related_name="pairings")
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    code_hash = models.CharField(max_length=64, db_index=True, editable=False)
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    issued_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, blank=True)
    credential_hash = models.CharField(max_length=64, blank=True, db_index=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)
    # What the phone said of itself.
    client = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-issued_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(claimed_at__isnull=True, credential_hash="")
                | (models.Q(claimed_at__isnull=False) & ~models.Q(credential_hash="")),
                name="a_claimed_pairing_has_a_credential",
            ),
        ]

    def __str__(self) -> str:
        return f"Pairing {str(self.id)[:8]}"

    @property
    def is_live(self) -> bool:
        return self.claimed_at is not None and self.revoked_at is None
