"""One reading of one recording (or session) by one model version. The row, not the queue, says what is owed."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from accounts.models import Clinic
from analysis.models.model_version import ModelVersion
from recordings.models import Recording, RecordingSession


class Analysis(models.Model):
    class Status(models.TextChoices):
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Analysing"
        DONE = "done", "Ready"
        FAILED = "failed", "Failed"

    class Label(models.TextChoices):
        NORMAL = "normal", "Normal"
        ABNORMAL = "abnormal", "Abnormal"
        UNSURE = "unsure", "Unsure"

    class UnsureReason(models.TextChoices):
        QUALITY = "quality", "Recording quality"
        BORDERLINE = "borderline", "Borderline"
        OUT_OF_SCOPE = "out_of_scope", "Out of scope"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="analyses")
    recording = models.ForeignKey(
        Recording, null=True, blank=True, on_delete=models.CASCADE, related_name="analyses"
    )
    session = models.ForeignKey(
        RecordingSession, null=True, blank=True, on_delete=models.CASCADE, related_name="analyses"
    )
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="analyses")
    # A shadow run is compared by engineers and shown to nobody.
    is_shadow = models.BooleanField(default=False)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_by = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=64, blank=True)
    error_message = models.CharField(max_length=500, blank=True)

    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    elapsed_ms = models.FloatField(null=True, blank=True)

    label = models.CharField(max_length=8, choices=Label.choices, blank=True)
    unsure_reason = models.CharField(max_length=12, choices=UnsureReason.choices, blank=True)
    probability_abnormal = models.FloatField(null=True, blank=True)
    threshold = models.FloatField(null=True, blank=True)
    band_low = models.FloatField(null=True, blank=True)
    band_high = models.FloatField(null=True, blank=True)
    # What was asked for, when it was: a later change of the clinic's setting changes no earlier result.
    operating_point = models.CharField(max_length=16, blank=True)
    wanted_sensitivity = models.FloatField(null=True, blank=True)
    heart_rate_bpm = models.FloatField(null=True, blank=True)
    quality_score = models.FloatField(null=True, blank=True)
    quality_usable = models.BooleanField(null=True, blank=True)
    quality_reasons = models.JSONField(default=list, blank=True)
    s1_times_s = models.JSONField(default=list, blank=True)
    s2_times_s = models.JSONField(default=list, blank=True)
    # Everything else the model said in support of its reading, as the predictor gave it.
    evidence = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name_plural = "analyses"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(recording__isnull=False, session__isnull=True)
                | models.Q(recording__isnull=True, session__isnull=False),
                name="an_analysis_has_one_target",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="done")
                | (~models.Q(label="") & models.Q(probability_abnormal__isnull=False)),
                name="a_finished_analysis_has_a_result",
            ),
            models.CheckConstraint(
                condition=models.Q(label="unsure") ^ models.Q(unsure_reason=""),
                name="unsure_has_a_reason",
            ),
            models.CheckConstraint(
                condition=models.Q(operating_point="adjusted") ^ models.Q(wanted_sensitivity__isnull=True),
                name="adjusted_says_to_what",
            ),
        ]
        indexes = [
            models.Index(fields=["status", "lease_until"], name="analyses_owed"),
            models.Index(fields=["recording", "-created_at"], name="analyses_of_recording"),
        ]

    def __str__(self) -> str:
        return f"Analysis {str(self.id)[:8]}"
