"""What a clinician heard: committed, signed, amended; never overwritten."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from accounts.models import Clinic
from analysis.models.analysis import Analysis
from recordings.models import Recording


class Reading(models.Model):
    class Impression(models.TextChoices):
        NORMAL = "normal", "Normal"
        ABNORMAL = "abnormal", "Abnormal"
        UNSURE = "unsure", "Unsure"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="readings")
    recording = models.ForeignKey(Recording, on_delete=models.PROTECT, related_name="readings")
    # The model's reading that was shown, if one was, when this one was signed.
    analysis = models.ForeignKey(
        Analysis, null=True, blank=True, on_delete=models.SET_NULL, related_name="readings"
    )
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="readings")
    impression = models.CharField(max_length=8, choices=Impression.choices)
    findings = models.JSONField(default=dict, blank=True)
    comment = models.TextField(max_length=4000, blank=True)
    was_blind = models.BooleanField(default=False)
    amends = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="amended_by"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    signed_at = models.DateTimeField(null=True, blank=True)
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(signed_at__isnull=True, signed_by__isnull=True)
                | models.Q(signed_at__isnull=False, signed_by__isnull=False),
                name="a_signature_has_a_person_and_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"Reading {str(self.id)[:8]}"
