"""Which page may open a socket, and how many."""

from __future__ import annotations

import pytest

from recordings.consumers.admission import Seats, is_same_origin


def scope(origin: str | None, host: str = "localhost:8000") -> dict:
    headers = [(b"host", host.encode())]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    return {"headers": headers}


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (None, "localhost:8000"),
        ("http://localhost:8000", "localhost:8000"),
        ("HTTP://LOCALHOST:8000", "localhost:8000"),
        ("http://localhost", "localhost"),
        ("http://localhost:80", "localhost"),
        ("https://localhost", "localhost:443"),
        ("https://127.0.0.1:8443", "127.0.0.1:8443"),
        ("https://[::1]:8443", "[::1]:8443"),
    ],
)
def test_our_own_pages_are_let_in(origin, host, settings):
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
    assert is_same_origin(scope(origin, host))


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("null", "localhost:8000"),
        ("http://localhost:8001", "localhost:8000"),
        ("http://evil.example", "localhost:8000"),
        ("http://localhost.evil.example", "localhost"),
        ("http://evil.example", "evil.example"),
        ("http://localhost:port", "localhost"),
        ("file://", ""),
        ("http://localhost:8000", ""),
    ],
)
def test_others_are_not(origin, host, settings):
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
    assert not is_same_origin(scope(origin, host))


def test_a_tunnels_address_is_ours_when_it_is_named(settings):
    settings.PUBLIC_URL = "https://heart.example"
    assert is_same_origin(scope("https://heart.example", "127.0.0.1:8000"))
    assert not is_same_origin(scope("https://heart.example.evil", "127.0.0.1:8000"))


def test_seats_are_limited_and_given_back():
    seats = Seats(2)
    assert [seats.take("a"), seats.take("a"), seats.take("a"), seats.take("b")] == [True, True, False, True]
    seats.leave("a")
    assert seats.take("a")
