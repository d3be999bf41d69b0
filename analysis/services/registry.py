"""The model registry: which artefacts this installation knows, and which one reads."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from accounts.services.audit import record_event
from analysis.artefacts import digest_of, facts_of, verify
from analysis.models import ModelVersion
from ml.inference.artefact import load_artefact
from ml.inference.errors import ArtefactError


def register_model(*, directory: Path, by: Actor) -> ModelVersion:
    """Verify an artefact directory and make it known, as a candidate. Registering it again returns the same row.

    Raises HeartSiteError with the artefact's own code when the directory is damaged or mismatched.
    """
    _require_operator(by)
    try:
        artefact = load_artefact(directory)
    except ArtefactError as error:
        raise HeartSiteError(error.code, error.message) from error
    known = {"directory": str(directory.resolve()), "metadata": facts_of(artefact)}
    version, created = ModelVersion.objects.get_or_create(
        artefact_sha256=digest_of(directory),
        defaults={"name": artefact.name, "version": artefact.version, **known},
    )
    if created:
        record_event(by=by, action="model.registered", obj=version)
    changed = [field for field, value in known.items() if getattr(version, field) != value]
    if changed:
        # The same files found elsewhere, because the installation moved; or a later release keeps more facts of them.
        for field in changed:
            setattr(version, field, known[field])
        version.save(update_fields=changed)
    return version


def promote_model(*, version: ModelVersion, by: Actor) -> ModelVersion:
    """Make `version` the one that reads; the one before it is retired and can be promoted again (roll back).

    Raises HeartSiteError where its files are gone, damaged or replaced: then the model that reads stays.
    """
    _require_operator(by)
    if version.stage == ModelVersion.Stage.CURRENT:
        return version
    _require_files(version)
    with transaction.atomic():
        ModelVersion.objects.filter(stage=ModelVersion.Stage.CURRENT).update(stage=ModelVersion.Stage.RETIRED)
        version.stage = ModelVersion.Stage.CURRENT
        version.promoted_at = timezone.now()
        version.save(update_fields=["stage", "promoted_at"])
        record_event(by=by, action="model.promoted", obj=version)
    return version


def roll_back_model(*, by: Actor) -> ModelVersion:
    """Promote the model that read before the current one, even where it runs in the shadow since."""
    _require_operator(by)
    previous = ModelVersion.objects.exclude(stage=ModelVersion.Stage.CURRENT).filter(
        promoted_at__isnull=False
    )
    version = previous.order_by("-promoted_at").first()
    if version is None:
        raise HeartSiteError(
            "model.no_previous", "No model was current before this one: there is none to go back to."
        )
    return promote_model(version=version, by=by)


def shadow_model(*, version: ModelVersion, by: Actor) -> ModelVersion:
    """Run `version` beside the current model on every new recording, its results shown to nobody."""
    _require_operator(by)
    if version.stage == ModelVersion.Stage.CURRENT:
        raise HeartSiteError(
            "model.is_current", "This model is the current one already; promote another first."
        )
    _require_files(version)
    return _move(version, ModelVersion.Stage.SHADOW, action="model.shadowed", by=by)


def stop_shadow(*, version: ModelVersion, by: Actor) -> ModelVersion:
    """End a shadow run. What it read stays, for the comparison."""
    _require_operator(by)
    if version.stage != ModelVersion.Stage.SHADOW:
        raise HeartSiteError("model.no_shadow", "This model does not run in the shadow.")
    stage = ModelVersion.Stage.RETIRED if version.promoted_at else ModelVersion.Stage.CANDIDATE
    return _move(version, stage, action="model.shadow_ended", by=by)


def _move(version: ModelVersion, stage: ModelVersion.Stage, *, action: str, by: Actor) -> ModelVersion:
    with transaction.atomic():
        version.stage = stage
        version.save(update_fields=["stage"])
        record_event(by=by, action=action, obj=version)
    return version


def _require_operator(by: Actor) -> None:
    """One model reads for all clinics: only who runs the installation chooses it."""
    if by.kind != "system" and not (by.user is not None and by.user.is_superuser):
        raise PermissionDenied("Only a superuser chooses the model that reads for all clinics.")


def _require_files(version: ModelVersion) -> None:
    try:
        verify(version)
    except ArtefactError as error:
        raise HeartSiteError(error.code, error.message) from error


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
