"""The model registry: which artefacts this installation knows, and which one reads."""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from accounts.services.audit import record_event
from analysis.models import ModelVersion
from ml.inference.artefact import DESCRIPTION_FILE, load_artefact
from ml.inference.errors import ArtefactError


def register_model(*, directory: Path, by: Actor) -> ModelVersion:
    """Verify an artefact directory and make it known, as a candidate. Registering it again returns the same row.

    Raises HeartSiteError with the artefact's own code when the directory is damaged or mismatched.
    """
    try:
        artefact = load_artefact(directory)
    except ArtefactError as error:
        raise HeartSiteError(error.code, error.message) from error
    # The description holds the hash of every other file, so its own hash names the whole artefact.
    digest = hashlib.sha256((directory / DESCRIPTION_FILE).read_bytes()).hexdigest()
    version, created = ModelVersion.objects.get_or_create(
        artefact_sha256=digest,
        defaults={
            "name": artefact.name,
            "version": artefact.version,
            "directory": str(directory.resolve()),
            "metadata": {
                "assumed_prevalence": artefact.assumed_prevalence,
                "session": dict(artefact.session),
            },
        },
    )
    if created:
        record_event(by=by, action="model.registered", obj=version)
    elif version.directory != str(directory.resolve()):
        # The same files found elsewhere: the installation moved.
        version.directory = str(directory.resolve())
        version.save(update_fields=["directory"])
    return version


def promote_model(*, version: ModelVersion, by: Actor) -> ModelVersion:
    """Make `version` the one that reads; the one before it is retired and can be promoted again (roll back)."""
    with transaction.atomic():
        if version.stage == ModelVersion.Stage.CURRENT:
            return version
        ModelVersion.objects.filter(stage=ModelVersion.Stage.CURRENT).update(stage=ModelVersion.Stage.RETIRED)
        version.stage = ModelVersion.Stage.CURRENT
        version.promoted_at = timezone.now()
        version.save(update_fields=["stage", "promoted_at"])
        record_event(by=by, action="model.promoted", obj=version)
    return version


def roll_back_model(*, by: Actor) -> ModelVersion:
    """Promote the model that read before the current one."""
    previous = ModelVersion.objects.filter(stage=ModelVersion.Stage.RETIRED, promoted_at__isnull=False)
    version = previous.order_by("-promoted_at").first()
    if version is None:
        raise HeartSiteError(
            "model.no_previous", "No model was current before this one: there is none to go back to."
        )
    return promote_model(version=version, by=by)


def shadow_model(*, version: ModelVersion, by: Actor) -> ModelVersion:
    """Run `version` beside the current model on every new recording, its results shown to nobody."""
    if version.stage == ModelVersion.Stage.CURRENT:
        raise HeartSiteError(
            "model.is_current", "This model is the current one already; promote another first."
        )
    with transaction.atomic():
        version.stage = ModelVersion.Stage.SHADOW
        version.save(update_fields=["stage"])
        record_event(by=by, action="model.shadowed", obj=version)
    return version


def current_model() -> ModelVersion:
    """The model that reads now. The first call registers and promotes the one in MODEL_DIR."""
    version = ModelVersion.objects.filter(stage=ModelVersion.Stage.CURRENT).first()
    if version is None:
        system = Actor.system()
        version = promote_model(version=register_model(directory=settings.MODEL_DIR, by=system), by=system)
    return version


def adopt_configured_model() -> ModelVersion:
    """At start: when MODEL_DIR holds an artefact never seen before, it becomes current; a roll-back stays in force."""
    system = Actor.system()
    known = ModelVersion.objects.count()
    version = register_model(directory=settings.MODEL_DIR, by=system)
    if ModelVersion.objects.count() > known:
        promote_model(version=version, by=system)
    return current_model()
