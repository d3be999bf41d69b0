"""How the audit trail's columns read."""

from __future__ import annotations

from typing import Any

from django import template

from accounts.models import AuditEvent

register = template.Library()

KINDS = {"system": "The system", "phone": "A phone", "anonymous": "Not logged in"}


@register.filter
def actor_name(event: AuditEvent, names: dict[str, str]) -> str:
    """The person's name today, or what kind of actor it was."""
    return names.get(event.actor_id) or KINDS.get(event.actor_kind, "Somebody removed since")


@register.filter
def plain(value: Any) -> str:
    """A JSON value without brackets and quotes; a change as what it was and what it became."""
    if isinstance(value, dict) and value.keys() == {"from", "to"}:
        return f"{value['from']} \u2192 {value['to']}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
