"""The active clinic: one membership at a time is the whole of what a person sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.models import Membership

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase

    from accounts.models import User

SESSION_KEY = "active_clinic"


def activate(user: User, membership: Membership | None) -> None:
    user.active_membership = membership


def memberships_of(user: User):
    return user.memberships.filter(is_active=True).select_related("clinic").order_by("clinic__name")


def activate_from_session(user: User, session: SessionBase) -> None:
    """The clinic chosen in this session, or the first one; none when the person belongs to none."""
    chosen = session.get(SESSION_KEY)
    memberships = list(memberships_of(user))
    membership = next((m for m in memberships if str(m.clinic_id) == chosen), None)
    activate(user, membership or (memberships[0] if memberships else None))
