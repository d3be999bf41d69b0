"""Reads of the registry: which model reads, and which others are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, QuerySet

from accounts.permissions import Right, require
from analysis.models import Analysis, ModelVersion

if TYPE_CHECKING:
    from accounts.models import User


def current_version() -> ModelVersion | None:
    """The model that reads now; None before the first start."""
    return ModelVersion.objects.filter(stage=ModelVersion.Stage.CURRENT).first()


def versions_to_read_with() -> QuerySet[ModelVersion]:
    """The current model and those before it: what a recording may be analysed again with."""
    return ModelVersion.objects.filter(stage__in=ModelVersion.READING_STAGES)


def model_versions_for(user: User) -> QuerySet[ModelVersion]:
    """Every version this installation knows, newest first, for an administrator; `has_shadow_runs` beside each."""
    require(user, Right.ADMINISTER)
    shadow_runs = Analysis.objects.filter(model_version=OuterRef("pk"), is_shadow=True)
    return ModelVersion.objects.annotate(has_shadow_runs=Exists(shadow_runs))
