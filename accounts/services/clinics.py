"""Choosing the clinic one works in, and its settings."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.http import Http404

from accounts.actors import Actor
from accounts.models import Clinic, Membership
from accounts.permissions import Right, authorise
from accounts.scoping import SESSION_KEY, activate, memberships_of
from accounts.services.audit import record_event

# Of these the trail keeps the values too: they change what the model calls abnormal, and how that is explained.
READING = ("operating_point", "wanted_sensitivity", "prevalence")
EDITABLE = frozenset({"name", "time_zone", "retention_days", "target_s", *READING})


def switch_clinic(*, clinic_id: str, session: SessionBase, by: Actor) -> Membership:
    """Make another of the actor's clinics the active one. Http404 for one they do not work in."""
    membership = memberships_of(by.user).filter(clinic_id=clinic_id).first() if by.user else None
    if by.user is None or membership is None:
        raise Http404
    session[SESSION_KEY] = str(membership.clinic_id)
    activate(by.user, membership)
    record_event(by=by, action="clinic.switched", obj=membership.clinic, clinic=membership.clinic)
    return membership


def update_clinic(*, clinic: Clinic, by: Actor, **changes: Any) -> Clinic:
    """Change a clinic's settings; the event names the fields, and of READING what they were. Raises ValidationError."""
    unknown = changes.keys() - EDITABLE
    if unknown:
        raise TypeError(f"A clinic's {', '.join(sorted(unknown))} cannot be set this way.")
    authorise(by=by, right=Right.ADMINISTER, clinic=clinic)
    # Read anew: a form has written its cleaned values onto the instance it was given.
    stored = Clinic.objects.get(pk=clinic.pk)
    changed = sorted(field for field, value in changes.items() if getattr(stored, field) != value)
    details: dict[str, Any] = {"fields": changed}
    for field in changed:
        if field in READING:
            details[field] = {"from": getattr(stored, field), "to": changes[field]}
        setattr(stored, field, changes[field])
    if changed:
        stored.full_clean()
        with transaction.atomic():
            stored.save(update_fields=changed)
            record_event(by=by, action="clinic.changed", obj=stored, clinic=stored, details=details)
    return stored
