"""A clinic is the wall around patient data; a membership lets a person through with a role."""

from __future__ import annotations

import uuid
import zoneinfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models


def validate_time_zone(value: str) -> None:
    if value not in zoneinfo.available_timezones():
        raise ValidationError(
            "%(value)s is no time zone name, such as Europe/Berlin.", params={"value": value}
        )


class Role(models.TextChoices):
    CLINICIAN = "clinician", "Clinician"
    REVIEWER = "reviewer", "Reviewer"
    ADMIN = "admin", "Clinic administrator"


class Clinic(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])
    # How long a recording is kept; the phone's consent page states it.
    retention_days = models.PositiveIntegerField(
        default=3650, validators=[MinValueValidator(1), MaxValueValidator(36500)]
    )
    target_s = models.PositiveSmallIntegerField(
        "usable seconds", default=15, validators=[MinValueValidator(10), MaxValueValidator(60)]
    )
    # The model's operating point and the share of abnormal patients that PPV and NPV are shown for.
    operating_point = models.CharField(
        max_length=16, default="balanced", choices=[("balanced", "Balanced"), ("screening", "Screening")]
    )
    prevalence = models.FloatField(
        default=0.2, validators=[MinValueValidator(0.001), MaxValueValidator(0.999)]
    )
    is_demo = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.CLINICIAN)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["clinic__name", "user__email"]
        constraints = [models.UniqueConstraint(fields=["user", "clinic"], name="one_membership_per_clinic")]

    def __str__(self) -> str:
        return f"{self.user} at {self.clinic} ({self.get_role_display()})"
