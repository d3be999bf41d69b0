"""What django-axes counts failures by."""

from __future__ import annotations

from django.http import HttpRequest


def username_of(request: HttpRequest | None, credentials: dict | None = None) -> str | None:
    """The e-mail typed, lower-cased. allauth passes it as `email`; the form field is `login`."""
    typed = (credentials or {}).get("email") or (credentials or {}).get("username")
    if not typed and request is not None:
        typed = request.POST.get("login") or request.POST.get("username")
    return typed.lower() if typed else None
