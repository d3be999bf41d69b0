"""A patient as one clinic knows them."""

from __future__ import annotations

import uuid
from datetime import date

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.models import Clinic

ADULT_YEARS = 18


class Patient(models.Model):
    class Sex(models.TextChoices):
        FEMALE = "F", "Female"
        MALE = "M", "Male"
        OTHER = "X", "Other"
        UNKNOWN = "", "Not recorded"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="patients")
    identifier = models.CharField(max_length=64, help_text="The number your clinic knows this patient by.")
    name = models.CharField(max_length=200, blank=True)
    # Either a date of birth, or an age at a date: a clinic without the first still has the second.
    born_on = models.DateField("date of birth", null=True, blank=True)
    age_months = models.PositiveSmallIntegerField(null=True, blank=True)
    age_recorded_on = models.DateField(null=True, blank=True)
    sex = models.CharField(max_length=1, choices=Sex.choices, blank=True, default=Sex.UNKNOWN)
    prosthetic_valve = models.BooleanField(default=False)
    pacemaker = models.BooleanField(default=False)
    pregnant = models.BooleanField("pregnancy", default=False)
    indication = models.CharField(max_length=500, blank=True, help_text="Why this patient is listened to.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["identifier"]
        constraints = [
            models.UniqueConstraint("clinic", Lower("identifier"), name="unique_identifier_in_clinic"),
            models.CheckConstraint(
                condition=models.Q(age_months__isnull=True, age_recorded_on__isnull=True)
                | models.Q(age_months__isnull=False, age_recorded_on__isnull=False),
                name="age_has_its_date",
            ),
        ]
        indexes = [models.Index(fields=["clinic", "-created_at"], name="patients_newest")]

    def __str__(self) -> str:
        return self.identifier

    def age_in_months(self, on: date | None = None) -> int | None:
        """Whole months of life on a date (today by default), or None when nothing is known."""
        on = on or timezone.localdate()
        if self.born_on:
            return max(0, _months_between(self.born_on, on))
        if self.age_months is not None and self.age_recorded_on:
            return self.age_months + max(0, _months_between(self.age_recorded_on, on))
        return None

    @property
    def age_text(self) -> str:
        """As in "63" (years), "14 months" under two, empty when unknown."""
        months = self.age_in_months()
        if months is None:
            return ""
        return f"{months} months" if months < 24 else str(months // 12)

    @property
    def is_child(self) -> bool:
        months = self.age_in_months()
        return months is not None and months < ADULT_YEARS * 12


def _months_between(start: date, end: date) -> int:
    return (end.year - start.year) * 12 + end.month - start.month - (end.day < start.day)
