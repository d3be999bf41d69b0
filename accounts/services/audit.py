"""The one way an audit event is written."""

from __future__ import annotations

from typing import Any

from accounts.actors import Actor
from accounts.models import AuditEvent, Clinic


def record_event(
    *, by: Actor, action: str, obj: Any = None, clinic: Clinic | None = None, details: dict | None = None
) -> AuditEvent:
    """Append one event. `obj` is any model instance; `details` holds codes and counts, never patient data."""
    clinic = clinic or getattr(obj, "clinic", None) or by.clinic
    return AuditEvent.objects.create(
        clinic_id=clinic.pk if clinic else None,
        actor_kind=by.kind,
        actor_id=by.id,
        action=action,
        object_type=obj._meta.model_name if obj is not None else "",
        object_id=str(getattr(obj, "public_id", obj.pk)) if obj is not None else "",
        address=by.address,
        request_id=by.request_id,
        details=details or {},
    )
