"""The audit trail of the user's active clinic."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import AuditEvent, User
from accounts.permissions import Right, require


@dataclass(frozen=True)
class AuditFilters:
    """Empty means any. `since` is inclusive, `until` exclusive; `target` is an object's type or whole id."""

    actor_id: str = ""
    action: str = ""
    target: str = ""
    since: datetime | None = None
    until: datetime | None = None


def audit_events_for(user: User, filters: AuditFilters | None = None) -> QuerySet[AuditEvent]:
    """Newest first."""
    require(user, Right.AUDIT)
    filters = filters or AuditFilters()
    events = AuditEvent.objects.filter(clinic_id=user.active_clinic_id)
    if filters.actor_id:
        events = events.filter(actor_id=filters.actor_id)
    if filters.action:
        events = events.filter(action=filters.action)
    if filters.target:
        events = events.filter(Q(object_id=filters.target) | Q(object_type__icontains=filters.target))
    if filters.since:
        events = events.filter(at__gte=filters.since)
    if filters.until:
        events = events.filter(at__lt=filters.until)
    return events


def audit_actions_for(user: User) -> list[str]:
    """The actions that ever happened in the clinic, for the filter."""
    return sorted(audit_events_for(user).order_by().values_list("action", flat=True).distinct())


def names_of_actors(events: Iterable[AuditEvent]) -> dict[str, str]:
    """The names behind the ids of a page of events; the trail itself holds none."""
    ids = {event.actor_id for event in events if event.actor_kind == "user"}
    people = User.objects.filter(public_id__in=[UUID(actor_id) for actor_id in ids if actor_id])
    return {str(person.public_id): str(person) for person in people}
