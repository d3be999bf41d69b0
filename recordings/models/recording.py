"""One take: the sound as it was stored, and everything known about how it was made."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from accounts.models import Clinic


class Site(models.TextChoices):
    """Auscultation sites, named as on the chest."""

    AORTIC = "aortic", "Aortic (2nd right space)"
    PULMONIC = "pulmonic", "Pulmonic (2nd left space)"
    ERB = "erb", "Erb's point (3rd left space)"
    TRICUSPID = "tricuspid", "Tricuspid (4th left space)"
    MITRAL = "mitral", "Mitral (apex)"


class Posture(models.TextChoices):
    SUPINE = "supine", "Supine"
    LEFT_LATERAL = "left_lateral", "Left lateral"
    SITTING = "sitting", "Sitting"
    LEANING = "leaning", "Sitting, leaning forward"
    STANDING = "standing", "Standing"


class Recording(models.Model):
    class Source(models.TextChoices):
        PHONE = "phone", "Phone microphone"
        UPLOAD = "upload", "Uploaded file"
        DEMO = "demo", "Demo sample"

    class Status(models.TextChoices):
        RECEIVING = "receiving", "Receiving"
        STORED = "stored", "Stored"
        PARTIAL = "partial", "Stored, cut short"
        FAILED = "failed", "Nothing usable arrived"

    # The phone chooses it, so that a retried start or a resumed upload is the same recording.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="recordings")
    session = models.ForeignKey(
        "recordings.RecordingSession", on_delete=models.PROTECT, related_name="recordings"
    )
    consent = models.ForeignKey(
        "recordings.Consent", null=True, blank=True, on_delete=models.SET_NULL, related_name="recordings"
    )
    pairing = models.ForeignKey(
        "recordings.Pairing", null=True, blank=True, on_delete=models.SET_NULL, related_name="recordings"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    take = models.PositiveIntegerField(help_text="1, 2, 3 ... within the session")
    source = models.CharField(max_length=8, choices=Source.choices)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.RECEIVING)
    failure_code = models.CharField(max_length=64, blank=True)
    is_kept = models.BooleanField("kept", default=True, help_text="Off: superseded by a later take.")

    site = models.CharField(max_length=16, choices=Site.choices, blank=True)
    posture = models.CharField(max_length=16, choices=Posture.choices, blank=True)
    device_label = models.CharField(max_length=200, blank=True)
    track_settings = models.JSONField(default=dict, blank=True)
    native_rate_hz = models.PositiveIntegerField(null=True, blank=True)
    clock_offset_ms = models.IntegerField(null=True, blank=True)

    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    stored_at = models.DateTimeField(null=True, blank=True)

    # The canonical samples as FLAC, and the SHA-256 of its PCM16 bytes.
    audio = models.FileField(max_length=300, blank=True)
    audio_bytes = models.PositiveBigIntegerField(default=0)
    pcm_sha256 = models.CharField(max_length=64, blank=True)
    # What the phone said it sent; None until it spoke.
    client_sha256 = models.CharField(max_length=64, blank=True)
    hash_matches = models.BooleanField(null=True, blank=True)
    sample_rate_hz = models.PositiveIntegerField(default=8000)
    n_samples = models.PositiveBigIntegerField(default=0)
    # [[first sample, number of samples], ...] filled with zeros because they never came.
    gaps = models.JSONField(default=list, blank=True)

    # An upload's bytes as they came.
    source_file = models.FileField(max_length=300, blank=True)
    source_sha256 = models.CharField(max_length=64, blank=True)
    source_name = models.CharField(max_length=200, blank=True)
    # A demo sample's published label: "normal" or "abnormal".
    true_label = models.CharField(max_length=8, blank=True)

    deleted_at = models.DateTimeField(null=True, blank=True)
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["session", "take"], name="one_recording_per_take"),
            models.CheckConstraint(
                condition=~models.Q(status__in=["stored", "partial"]) | ~models.Q(audio=""),
                name="a_stored_recording_has_sound",
            ),
        ]
        indexes = [
            models.Index(fields=["clinic", "-created_at"], name="recordings_newest"),
            models.Index(fields=["session", "take"], name="recordings_of_session"),
        ]

    def __str__(self) -> str:
        return f"Recording {str(self.id)[:8]}"

    @property
    def duration_s(self) -> float:
        return self.n_samples / self.sample_rate_hz

    @property
    def is_stored(self) -> bool:
        return self.status in (self.Status.STORED, self.Status.PARTIAL)
