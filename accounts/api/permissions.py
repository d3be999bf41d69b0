"""The API's gate: a person with an active clinic, and for each view the right it names."""

from __future__ import annotations

from rest_framework.permissions import SAFE_METHODS, BasePermission

from accounts.models import ApiToken
from accounts.permissions import Right, can


class HasActiveClinic(BasePermission):
    """Views set `required_right` (default VIEW) and may set `write_right` for unsafe methods."""

    message = "Your role in this clinic does not let you do this."

    def has_permission(self, request, view) -> bool:
        user = request.user
        if not user.is_authenticated or user.active_membership is None:
            return False
        if request.method in SAFE_METHODS:
            return can(user, getattr(view, "required_right", Right.VIEW))
        if isinstance(request.auth, ApiToken) and request.auth.read_only:
            self.message = "This token may only read."
            return False
        right = getattr(view, "write_right", getattr(view, "required_right", Right.VIEW))
        return can(user, right)
