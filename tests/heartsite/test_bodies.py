"""A body in a file reaches the application piece by piece; other scopes pass unchanged."""

from __future__ import annotations

import io

from heartsite.serving.bodies import (
    ANONYMOUS_BYTES,
    BODY_FILE,
    CHUNK_BYTES,
    FORM_BYTES,
    BodyFromFile,
    BodyLimits,
)
from heartsite.serving.server import with_length


async def test_the_file_is_read_in_pieces_then_the_queue_goes_on():
    queue = [{"type": "http.request", "body": b"", "more_body": False}, {"type": "http.disconnect"}]
    body = io.BytesIO(bytes(CHUNK_BYTES) + b"rest")
    seen = []

    async def queued():
        return queue.pop(0)

    async def application(scope, receive, send):
        assert BODY_FILE not in scope
        seen.extend([await receive() for _ in range(4)])

    await BodyFromFile(application)({"type": "http", BODY_FILE: body}, queued, None)
    assert [len(message.get("body", b"")) for message in seen] == [CHUNK_BYTES, 4, 0, 0]
    assert [message.get("more_body") for message in seen] == [True, True, False, None]
    assert body.closed


async def test_a_socket_keeps_its_own_receive():
    async def receive():
        return {"type": "websocket.connect"}

    async def application(scope, given, send):
        assert given is receive

    await BodyFromFile(application)({"type": "websocket"}, receive, None)


def test_limits_leave_room_for_the_form_around_the_file():
    limits = BodyLimits(max_upload_bytes=100, knows=lambda headers: True, cookie="sessionid")
    assert limits.authenticated == 100 + FORM_BYTES
    assert ANONYMOUS_BYTES == 1024 * 1024


def test_a_chunked_body_is_given_the_length_it_turned_out_to_have():
    body = io.BytesIO(b"12345")
    chunked = [(b"host", b"x"), (b"transfer-encoding", b"chunked")]
    assert with_length(chunked, body) == [(b"host", b"x"), (b"content-length", b"5")]
    assert body.read() == b"12345"
    declared = [(b"content-length", b"5")]
    assert with_length(declared, body) == declared
