"""The request side of an analysis: a row that says what is owed, and a nudge to the queue."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from accounts.services.audit import record_event
from analysis.models import Analysis, ModelVersion
from analysis.operating_points import point_for
from analysis.progress import publish
from analysis.services import leases
from analysis.services.registry import current_model
from recordings.models import Recording

logger = logging.getLogger(__name__)

# A recording stored this long ago without an analysis was missed, not merely on its way.
FORGOTTEN_AFTER = timedelta(seconds=30)
FORGOTTEN_FOR = timedelta(days=30)
FORGOTTEN_BATCH = 20


def request_analysis(*, recording: Recording, by: Actor, model: ModelVersion | None = None) -> Analysis:
    """Ask for `recording` to be read by `model` (the current one by default); shadow models read beside it.

    An analysis by the same model that is still waiting or running is returned instead of asking twice. A model that
    never was current cannot be chosen: what it says is for the comparison, not a result.
    """
    if not recording.is_stored:
        raise HeartSiteError(
            "analysis.not_stored", "This recording holds no sound yet, so there is nothing to analyse."
        )
    if model is not None and model.stage not in ModelVersion.READING_STAGES:
        raise HeartSiteError(
            "analysis.model_not_in_use",
            f"{model} is not in use: its readings are compared, not shown.",
            http_status=409,
        )
    chosen = model or current_model()
    with transaction.atomic():
        pending = recording.analyses.filter(
            model_version=chosen,
            is_shadow=False,
            status__in=[Analysis.Status.QUEUED, Analysis.Status.RUNNING],
        ).first()
        if pending is not None:
            return pending
        analysis = _queue(recording=recording, model=chosen, by=by, is_shadow=False)
        if model is None:
            for shadow in ModelVersion.objects.filter(stage=ModelVersion.Stage.SHADOW):
                _queue(recording=recording, model=shadow, by=by, is_shadow=True)
    return analysis


def retry_analysis(*, analysis: Analysis, by: Actor) -> Analysis:
    """Give a failed analysis three fresh attempts."""
    with transaction.atomic():
        reset = Analysis.objects.filter(pk=analysis.pk, status=Analysis.Status.FAILED).update(
            status=Analysis.Status.QUEUED,
            attempts=0,
            error_code="",
            error_message="",
            lease_until=None,
            claimed_by="",
        )
        if not reset:
            raise HeartSiteError(
                "analysis.not_failed", "Only a failed analysis can be tried again.", http_status=409
            )
        record_event(by=by, action="analysis.retried", obj=analysis)
        transaction.on_commit(lambda: enqueue(analysis))
    analysis.refresh_from_db()
    return analysis


def enqueue(analysis: Analysis) -> None:
    """Nudge the queue. If it is down the row stays queued, and the sweep of the next worker finds it."""
    from analysis.tasks import analyse

    try:
        analyse.apply_async(args=[str(analysis.pk)], retry=False)
    except (OperationalError, OSError) as error:
        logger.warning(
            "analysis %s waits for the sweep: the queue is unreachable (%s)",
            analysis.pk,
            type(error).__name__,
        )


def sweep_owed() -> None:
    """Enqueue again what dead workers and lost messages left; tell the desktops what has ended for good."""
    swept = leases.sweep()
    for analysis in swept.owed:
        enqueue(analysis)
    for analysis in swept.lost:
        analysis.refresh_from_db()
        publish(analysis, stage="failed", fraction=1.0)
    _request_forgotten()


def _request_forgotten() -> None:
    """Ask for the recordings that were stored while no model was there, or by a process that died right after."""
    now = timezone.now()
    forgotten = Recording.objects.filter(
        status__in=[Recording.Status.STORED, Recording.Status.PARTIAL],
        stored_at__range=(now - FORGOTTEN_FOR, now - FORGOTTEN_AFTER),
        deleted_at__isnull=True,
        analyses__isnull=True,
    ).select_related("clinic")
    for recording in forgotten[:FORGOTTEN_BATCH]:
        try:
            request_analysis(recording=recording, by=Actor.system())
        except HeartSiteError as error:
            # No usable model: that is the administrator's to mend, and one line says it for all of them.
            logger.warning("recordings wait for a model (%s)", error.code)
            return


def _queue(*, recording: Recording, model: ModelVersion, by: Actor, is_shadow: bool) -> Analysis:
    operating_point, wanted_sensitivity = point_for(model, recording.clinic)
    analysis = Analysis.objects.create(
        clinic_id=recording.clinic_id,
        recording=recording,
        model_version=model,
        requested_by=by.user,
        is_shadow=is_shadow,
        operating_point=operating_point,
        wanted_sensitivity=wanted_sensitivity,
    )
    record_event(by=by, action="analysis.requested", obj=analysis, details={"recording": str(recording.pk)})
    transaction.on_commit(lambda: enqueue(analysis))
    transaction.on_commit(lambda: publish(analysis, stage="waiting", fraction=0.0))
    return analysis
