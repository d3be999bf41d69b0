"""A registered model artefact. The files stay on disk; the row says which, and who reads with it."""

from __future__ import annotations

import uuid

from django.db import models

from ml.inference.curve import OperatingCurve, parse_curve


class ModelVersion(models.Model):
    class Stage(models.TextChoices):
        CANDIDATE = "candidate", "Candidate"
        SHADOW = "shadow", "Shadow: runs beside the current one, unseen"
        CURRENT = "current", "Current"
        RETIRED = "retired", "Retired"

    # Those whose readings are results: the current one, and those that were.
    READING_STAGES = (Stage.CURRENT, Stage.RETIRED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=64)
    version = models.CharField(max_length=64)
    directory = models.CharField(max_length=500)
    artefact_sha256 = models.CharField(max_length=64, unique=True)
    stage = models.CharField(max_length=12, choices=Stage.choices, default=Stage.CANDIDATE)
    metadata = models.JSONField(default=dict, blank=True)
    registered_at = models.DateTimeField(auto_now_add=True)
    promoted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-registered_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["stage"], condition=models.Q(stage="current"), name="one_current_model"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def stage_text(self) -> str:
        """The stage in a word; the choices' own labels explain."""
        return self.get_stage_display().partition(":")[0]

    @property
    def operating_curve(self) -> OperatingCurve | None:
        """What its thresholds do; None for a model that was released without saying so."""
        curve = self.metadata.get("operating_curve")
        return parse_curve(curve) if curve else None
