"""What a view behind a gate may take for granted of its request, told to the type checker."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest

from accounts.models import User


class PersonRequest(HttpRequest):
    """Somebody is logged in, and the request has its id."""

    user: User
    request_id: str


def person_of(request: HttpRequest) -> User:
    """The same where a signature is Django's own."""
    return cast(User, request.user)
