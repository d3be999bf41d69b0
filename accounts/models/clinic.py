"""A clinic is the wall around patient data; a membership lets a person through with a role."""

from __future__ import annotations

import uuid
import zoneinfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

# What a clinic may ask of the model, and say of its patients. The first pair stands in ml.inference.curve too, which is
# not imported from here; a test holds the two together.
SENSITIVITY_BOUNDS = (0.80, 0.98)
PREVALENCE_BOUNDS = (0.005, 0.90)


def validate_time_zone(value: str) -> None:
    if value not in zoneinfo.available_timezones():
        raise ValidationError(
            "%(value)s is no time zone name, such as Europe/Berlin.", params={"value": value}
        )


class Role(models.TextChoices):
    CLINICIAN = "clinician", "Clinician"
    REVIEWER = "reviewer", "Reviewer"
    ADMIN = "admin", "Clinic administrator"


class OperatingPoint(models.TextChoices):
    BALANCED = "balanced", "Balanced"
    SCREENING = "screening", "Screening"
    ADJUSTED = "adjusted", "Adjusted"


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
    # At what sensitivity the model reads: as released, or adjusted to the share of abnormal recordings it is to find.
    operating_point = models.CharField(
        max_length=16, default=OperatingPoint.BALANCED, choices=OperatingPoint.choices
    )
    wanted_sensitivity = models.FloatField(
        default=0.9,
        validators=[MinValueValidator(SENSITIVITY_BOUNDS[0]), MaxValueValidator(SENSITIVITY_BOUNDS[1])],
    )
    # The share of abnormal patients that PPV and NPV are shown for.
    prevalence = models.FloatField(
        default=0.2,
        validators=[MinValueValidator(PREVALENCE_BOUNDS[0]), MaxValueValidator(PREVALENCE_BOUNDS[1])],
    )
    is_demo = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(wanted_sensitivity__range=SENSITIVITY_BOUNDS),
                name="wanted_sensitivity_in_bounds",
            ),
            models.CheckConstraint(
                condition=models.Q(prevalence__range=PREVALENCE_BOUNDS), name="prevalence_in_bounds"
            ),
        ]

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
