"""The worker side of the queue: claim, renew, finish, fail, and sweep what a dead worker left behind.

Every step is one conditional UPDATE, so that two workers never both hold an analysis and a worker that lost its
lease cannot overwrite the one that took over.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from analysis.models import Analysis
from analysis.workers import is_dead

# A row still queued after this long was lost by the queue, not merely waiting for its turn.
QUEUED_TOO_LONG = timedelta(seconds=30)
MESSAGE_LENGTH = 500
SWEEP_SIZE = 100


def claim(analysis_id: uuid.UUID | str, *, worker: str) -> Analysis | None:
    """Take a queued analysis, or None when another worker has it, it is done, or it does not exist."""
    now = timezone.now()
    taken = Analysis.objects.filter(pk=analysis_id, status=Analysis.Status.QUEUED).update(
        status=Analysis.Status.RUNNING,
        claimed_by=worker,
        attempts=F("attempts") + 1,
        started_at=now,
        lease_until=now + _lease(),
    )
    if not taken:
        return None
    return Analysis.objects.select_related("recording__session__patient", "model_version", "clinic").get(
        pk=analysis_id
    )


def renew(analysis: Analysis) -> bool:
    """Prolong the lease. False when it was lost: then stop, somebody else is at it."""
    return bool(_mine(analysis).update(lease_until=timezone.now() + _lease()))


def finish(analysis: Analysis, result: dict[str, Any]) -> bool:
    """Store the result, unless the lease was lost meanwhile."""
    return bool(
        _mine(analysis).update(
            status=Analysis.Status.DONE,
            finished_at=timezone.now(),
            lease_until=None,
            error_code="",
            error_message="",
            **result,
        )
    )


def fail(analysis: Analysis, *, code: str, message: str) -> bool:
    """End it with a reason; a person may retry."""
    return bool(
        _mine(analysis).update(
            status=Analysis.Status.FAILED,
            finished_at=timezone.now(),
            lease_until=None,
            error_code=code,
            error_message=message[:MESSAGE_LENGTH],
        )
    )


def release(analysis: Analysis) -> bool:
    """Put it back for another attempt."""
    return bool(_mine(analysis).update(status=Analysis.Status.QUEUED, claimed_by="", lease_until=None))


@dataclass(frozen=True)
class Swept:
    """What a sweep found: analyses to enqueue again, and analyses that ended after their last attempt."""

    owed: list[Analysis]
    lost: list[Analysis]


def sweep() -> Swept:
    """Requeue what a dead worker held and what the queue lost; end what was lost three times."""
    now = timezone.now()
    _end_leases_of_the_dead(now)
    expired = Q(status=Analysis.Status.RUNNING, lease_until__lt=now)
    # On a queued row `lease_until` is when it may be handed to the queue again, so that sweeps do not pile up copies.
    forgotten = Q(status=Analysis.Status.QUEUED, created_at__lt=now - QUEUED_TOO_LONG) & (
        Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    )
    swept = Swept(owed=[], lost=[])
    for analysis in Analysis.objects.filter(expired | forgotten).select_related("recording")[:SWEEP_SIZE]:
        unchanged = Analysis.objects.filter(
            pk=analysis.pk,
            status=analysis.status,
            claimed_by=analysis.claimed_by,
            lease_until=analysis.lease_until,
        )
        worn_out = (
            analysis.status == Analysis.Status.RUNNING and analysis.attempts >= settings.ANALYSIS_MAX_ATTEMPTS
        )
        if worn_out and unchanged.update(
            status=Analysis.Status.FAILED,
            finished_at=now,
            lease_until=None,
            error_code="analysis.worker_lost",
            error_message="The analysis was interrupted each time it was tried. Try again, or tell your administrator.",
        ):
            swept.lost.append(analysis)
        elif not worn_out and unchanged.update(
            status=Analysis.Status.QUEUED, claimed_by="", lease_until=now + QUEUED_TOO_LONG
        ):
            swept.owed.append(analysis)
    return swept


def _end_leases_of_the_dead(now: datetime) -> None:
    """A process of this host that is gone will not come back: its work need not wait for the lease to run out."""
    running = Analysis.objects.filter(status=Analysis.Status.RUNNING, lease_until__gte=now)
    for name in set(running.values_list("claimed_by", flat=True)):
        if is_dead(name):
            running.filter(claimed_by=name).update(lease_until=now - timedelta(seconds=1))


def _mine(analysis: Analysis) -> QuerySet[Analysis]:
    return Analysis.objects.filter(
        pk=analysis.pk,
        status=Analysis.Status.RUNNING,
        claimed_by=analysis.claimed_by,
        attempts=analysis.attempts,
    )


def _lease() -> timedelta:
    return timedelta(seconds=settings.ANALYSIS_LEASE_S)
