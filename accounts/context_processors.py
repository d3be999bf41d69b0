"""What every page's frame shows: the active clinic, the others, and what this role may do."""

from __future__ import annotations

from django.http import HttpRequest

from accounts.permissions import Right, can
from accounts.scoping import memberships_of


def clinic(request: HttpRequest) -> dict:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    return {
        "active_clinic": user.active_clinic,
        "active_role": user.active_membership.get_role_display() if user.active_membership else "",
        "memberships": memberships_of(user),
        "may": {right.name.lower(): can(user, right) for right in Right},
    }
