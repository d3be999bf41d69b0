"""What each role may do. A page, the API and the sockets ask the same question here."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied

from accounts.models.clinic import Role

if TYPE_CHECKING:
    from accounts.actors import Actor
    from accounts.models import Clinic, User


class Right(Enum):
    VIEW = "see patients, sessions, recordings and results"
    RECORD = "add patients, open sessions, record and upload"
    ANALYSE = "ask for another analysis"
    READ = "commit a reading"
    DELETE = "delete and restore recordings"
    MOVE = "move a session to another patient"
    ADMINISTER = "manage the clinic's people and settings"
    AUDIT = "see the audit trail"


RIGHTS: dict[str, frozenset[Right]] = {
    Role.CLINICIAN: frozenset(
        {Right.VIEW, Right.RECORD, Right.ANALYSE, Right.READ, Right.DELETE, Right.MOVE},
    ),
    Role.REVIEWER: frozenset({Right.VIEW, Right.ANALYSE, Right.READ}),
    Role.ADMIN: frozenset(Right),
}


def can(user: User, right: Right) -> bool:
    """Whether `user` has `right` in their active clinic. Nobody has any without one."""
    membership = getattr(user, "active_membership", None)
    return membership is not None and right in RIGHTS.get(membership.role, frozenset())


def require(user: User, right: Right) -> None:
    """Raise PermissionDenied (403) unless `user` has `right` in their active clinic."""
    if not can(user, right):
        raise PermissionDenied(f"Your role does not let you {right.value}.")


def authorise(*, by: Actor, right: Right, clinic: Clinic) -> None:
    """The same gate for a service: a person needs `right`, and to be at work in the row's clinic.

    The system and superusers, who cross clinics in the admin site, may do everything; a phone may do nothing that
    has a Right. Raises PermissionDenied.
    """
    if by.kind == "system" or (by.user is not None and by.user.is_superuser):
        return
    if by.user is None or by.clinic is None or by.clinic.pk != clinic.pk:
        raise PermissionDenied("This belongs to another clinic.")
    require(by.user, right)
