"""Who is doing this: every write names its actor, and the audit trail keeps the name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, cast

from accounts.addresses import client_address

if TYPE_CHECKING:
    from django.http import HttpRequest

    from accounts.models import Clinic, User


@dataclass(frozen=True)
class Actor:
    """`kind` is "user", "phone", "system" or "anonymous"; the system has no clinic."""

    kind: str
    id: str = ""
    user: User | None = None
    clinic: Clinic | None = None
    address: str | None = None
    request_id: str = ""

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        """The logged-in person behind a request, in their active clinic."""
        return cls.of_user(
            cast("User", request.user),
            address=client_address(request) or None,
            request_id=getattr(request, "request_id", ""),
        )

    @classmethod
    def of_user(cls, user: User, *, address: str | None = None, request_id: str = "") -> Self:
        return cls(
            kind="user",
            id=str(user.public_id),
            user=user,
            clinic=user.active_clinic,
            address=address,
            request_id=request_id,
        )

    @classmethod
    def phone(cls, *, pairing_id, clinic: Clinic, address: str | None = None) -> Self:
        return cls(kind="phone", id=str(pairing_id), clinic=clinic, address=address)

    @classmethod
    def system(cls) -> Self:
        return cls(kind="system")
