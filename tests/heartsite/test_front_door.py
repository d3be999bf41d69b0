"""Who may come in through plain http, and where the others are sent."""

from __future__ import annotations

import pytest

from heartsite.serving.front_door import FrontDoor

PHONE = ("192.168.1.20", 50000)
DESK = ("127.0.0.1", 50000)


async def inside(scope, receive, send):
    await send({"type": "inside"})


async def knock(
    door, *, client=PHONE, scheme="http", kind="http", method="GET", path="/p/", query=b"", headers=()
):
    scope = {
        "type": kind,
        "scheme": scheme,
        "client": client,
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "headers": [(b"host", b"192.168.1.5:8000"), *headers],
    }
    sent = []

    async def send(message):
        sent.append(message)

    await door(scope, None, send)
    return sent


def door(**options):
    return FrontDoor(inside, **{"tls_port": 8443, **options})


@pytest.mark.parametrize(
    "allowed",
    [
        {"client": DESK},
        {"client": ("::1", 1)},
        {"client": ("::ffff:127.0.0.1", 1)},
        {"scheme": "https"},
        {"scheme": "wss", "kind": "websocket"},
        {"path": "/healthz"},
        {"path": "/connect/authority.crt"},
    ],
)
async def test_this_machine_https_and_the_way_to_connect_may_enter(allowed):
    assert await knock(door(), **allowed) == [{"type": "inside"}]


async def test_a_phone_on_plain_http_is_sent_to_https_with_its_path_and_query():
    start, body = await knock(door(), path="/patients/", query=b"q=a%20b")
    assert start["status"] == 307
    assert dict(start["headers"])[b"location"] == b"https://192.168.1.5:8443/patients/?q=a%20b"
    assert b"/connect/" in body["body"]


async def test_a_public_address_is_preferred():
    start, _ = await knock(door(public_url="https://heart.example.org/"))
    assert dict(start["headers"])[b"location"] == b"https://heart.example.org/p/"


async def test_a_form_on_plain_http_is_refused_rather_than_sent_on():
    start, _ = await knock(door(), method="POST")
    assert start["status"] == 403
    assert b"location" not in dict(start["headers"])


async def test_without_https_there_are_only_instructions():
    start, body = await knock(door(tls_port=None))
    assert start["status"] == 403
    assert b"protected" in body["body"]


async def test_a_socket_on_plain_http_is_closed():
    assert await knock(door(), kind="websocket", scheme="ws") == [{"type": "websocket.close", "code": 4403}]


async def test_a_forwarded_header_counts_only_behind_a_trusted_proxy():
    forwarded = [(b"x-forwarded-proto", b"https")]
    assert (await knock(door(), headers=forwarded))[0]["status"] == 307
    assert await knock(door(trusted_proxies=1), headers=forwarded) == [{"type": "inside"}]


async def test_a_host_that_is_no_host_is_never_written_into_the_answer():
    sent = await knock(door(), headers=[])
    assert sent[0]["status"] == 307
    scope_host = [(b"host", b'evil"><script>')]
    answer = []

    async def send(message):
        answer.append(message)

    scope = {
        "type": "http",
        "scheme": "http",
        "client": PHONE,
        "method": "GET",
        "path": "/",
        "headers": scope_host,
    }
    await door()(scope, None, send)
    assert answer[0]["status"] == 403
    assert b"<script>" not in answer[1]["body"]
