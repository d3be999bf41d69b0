"""Whether the headers of a request belong to somebody we know, asked before its large body is read."""

from __future__ import annotations

from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.db import close_old_connections
from django.http import HttpRequest, parse_cookie
from rest_framework.exceptions import AuthenticationFailed

from accounts.api.authentication import TokenAuthentication
from heartsite.serving.cookies import PREFIX


def is_known(headers: list[tuple[bytes, bytes]]) -> bool:
    """A live session's cookie or a usable API token. Asks the database, so call it from a thread."""
    request = HttpRequest()
    for header, value in headers:
        name = header.decode("latin-1").upper().replace("-", "_")
        request.META[f"HTTP_{name}"] = value.decode("latin-1")
    cookies = parse_cookie(request.META.get("HTTP_COOKIE", ""))
    cookie = settings.SESSION_COOKIE_NAME
    close_old_connections()
    try:
        key = cookies.get(PREFIX.decode() + cookie) or cookies.get(cookie)
        request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
        return get_user(request).is_authenticated or TokenAuthentication().authenticate(request) is not None
    except AuthenticationFailed:
        return False
    finally:
        close_old_connections()
