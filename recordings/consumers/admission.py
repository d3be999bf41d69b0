"""Who may open a socket: the same origin, and not too many at once."""

from __future__ import annotations

from collections import Counter
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import validate_host

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
# Behind a tunnel or a clinic's router all phones have one address.
MAX_PER_ADDRESS = 256
MAX_PER_SESSION = 12


def is_same_origin(scope: dict) -> bool:
    """Whether the page that opened this socket is ours. A client that is no browser names no origin.

    The origin must be the host the request was made to, which must be one of ALLOWED_HOSTS, or PUBLIC_URL.
    """
    headers = dict(scope.get("headers", ()))
    origin = headers.get(b"origin", b"").decode("latin-1").lower()
    if not origin:
        return True
    if settings.PUBLIC_URL and origin == settings.PUBLIC_URL.lower():
        return True
    host = headers.get(b"host", b"").decode("latin-1").lower()
    try:
        from_page, to_us = urlsplit(origin), urlsplit(f"//{host}")
        default_port = DEFAULT_PORTS.get(from_page.scheme)
        ports = (from_page.port or default_port, to_us.port or default_port)
    except ValueError:
        return False
    is_same = from_page.hostname == to_us.hostname and ports[0] == ports[1] and default_port is not None
    return is_same and _is_allowed(to_us.hostname)


def _is_allowed(hostname: str | None) -> bool:
    allowed = settings.ALLOWED_HOSTS or (["localhost", "127.0.0.1", "[::1]"] if settings.DEBUG else [])
    if not hostname:
        return False
    return validate_host(f"[{hostname}]" if ":" in hostname else hostname, allowed)


class Seats:
    """Counts open sockets by a key. Used from the server's loop alone."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken: Counter[str] = Counter()

    def take(self, key: str) -> bool:
        if self._taken[key] >= self._limit:
            return False
        self._taken[key] += 1
        return True

    def leave(self, key: str) -> None:
        self._taken[key] -= 1
        if self._taken[key] <= 0:
            del self._taken[key]


phone_seats = Seats(MAX_PER_ADDRESS)
desktop_seats = Seats(MAX_PER_SESSION)
