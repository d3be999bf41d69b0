"""Request bodies with a limit that is kept before anything is buffered.

daphne collects a whole body before the application sees it, and hands it over in memory. Here a body over
the limit is refused with 413 as soon as its declared length, or what arrived of it, says so: 1 MB from
anyone, MAX_UPLOAD_BYTES from somebody whose session or token is good. What is accepted reaches the
application from a temporary file, piece by piece.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import daphne.server  # noqa: F401  (installs the asyncio reactor; must precede every other use of twisted)
from daphne.http_protocol import HTTPFactory, WebRequest
from twisted.internet import reactor, threads

ANONYMOUS_BYTES = 1024 * 1024
# Form fields and boundaries around the largest allowed file.
FORM_BYTES = 64 * 1024
# A client reads the refusal only after it has stopped sending; until then its bytes are thrown away.
LINGER_S = 10
CHUNK_BYTES = 64 * 1024
# Where a scope carries the body that daphne has collected.
BODY_FILE = "heartsite.body"


class BoundedRequest(WebRequest):
    """A request whose body stops being kept once it is too large."""

    content: Any
    # twisted would read a whole form into memory to fill `args`, which nothing here uses.
    _parsePOSTFormSubmission = False  # noqa: N815

    def gotLength(self, length: int | None) -> None:  # noqa: N802  (twisted's name)
        super().gotLength(length)
        self._refused = False
        self._asked = False
        self._processing = False
        self._received = 0
        self._allowed = ANONYMOUS_BYTES
        if length is not None and length > ANONYMOUS_BYTES:
            self._over_anonymous_limit(declared=length)
        if self._refused:
            # Answered already: no "100 Continue" after a 413.
            self.requestHeaders.removeHeader(b"expect")

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802
        if self._refused:
            return
        self._received += len(data)
        if self._received > self._allowed:
            self._over_anonymous_limit(declared=self._received)
        if not self._refused:
            super().handleContentChunk(data)

    def process(self):
        self._processing = True
        if not self._refused:
            return super().process()
        self.server.protocol_disconnected(self)
        self.channel.loseConnection()
        return None

    def _over_anonymous_limit(self, *, declared: int) -> None:
        limits = self.server.body_limits
        if self._asked or declared > limits.authenticated or not limits.claims_identity(self.requestHeaders):
            self._refuse(limits.authenticated)
            return
        self._asked = True
        self._allowed = limits.authenticated
        # Nothing more is read from the network until the database has said who this is.
        self.channel._networkProducer.pauseProducing()
        asking = threads.deferToThread(limits.knows, _header_pairs(self.requestHeaders))
        asking.addCallbacks(self._answered, lambda failure: self._answered(False))

    def _answered(self, known: bool) -> None:
        if self.channel is None:
            return
        self.channel._networkProducer.resumeProducing()
        if not known and not self._processing:
            self._refuse(self.server.body_limits.authenticated)

    def _refuse(self, limit: int) -> None:
        self._refused = True
        self.content.close()
        self.content = io.BytesIO()
        accept = self.requestHeaders.getRawHeaders(b"accept", [b""])[0]
        kind, body = _refusal(limit, wants_html=b"text/html" in accept)
        head = (
            b"HTTP/1.1 413 Content Too Large",
            b"Content-Type: " + kind,
            b"Content-Length: %d" % len(body),
            b"Connection: close",
        )
        self.channel.transport.write(b"\r\n".join(head) + b"\r\n\r\n" + body)
        self._linger = reactor.callLater(LINGER_S, self.channel.forceAbortClient)  # type: ignore[arg-type]

    def connectionLost(self, reason) -> None:  # noqa: N802
        lingering = getattr(self, "_linger", None)
        if lingering is not None and lingering.active():
            lingering.cancel()
        super().connectionLost(reason)


class BoundedHTTPFactory(HTTPFactory):
    """daphne's factory, with our request."""

    def buildProtocol(self, addr):  # noqa: N802
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = BoundedRequest
        return protocol


class BodyLimits:
    """How large a body may be, and who may send more than `ANONYMOUS_BYTES`.

    `knows(headers)` runs in a thread: it may ask the database whether the session or the token is good.
    """

    def __init__(
        self, *, max_upload_bytes: int, knows: Callable[[list[tuple[bytes, bytes]]], bool], cookie: str
    ) -> None:
        self.authenticated = max_upload_bytes + FORM_BYTES
        self.knows = knows
        self._cookie = cookie.encode()

    def claims_identity(self, headers) -> bool:
        cookies = b";".join(headers.getRawHeaders(b"cookie", []))
        return self._cookie in cookies or headers.hasHeader(b"authorization")


class BodyFromFile:
    """ASGI middleware.

    The body comes from the file in the scope, piece by piece, then the rest of the messages.
    """

    def __init__(self, application: Callable) -> None:
        self.application = application

    async def __call__(self, scope: dict, receive: Callable, send: Callable) -> None:
        body = scope.pop(BODY_FILE, None)

        async def receive_lazily() -> dict:
            if not body.closed:
                chunk = body.read(CHUNK_BYTES)
                if chunk:
                    return {"type": "http.request", "body": chunk, "more_body": True}
                body.close()
            return await receive()

        await self.application(scope, receive if body is None else receive_lazily, send)


def _header_pairs(headers) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, values in headers.getAllRawHeaders() for value in values]


def _refusal(limit: int, *, wants_html: bool) -> tuple[bytes, bytes]:
    megabytes = limit // (1024 * 1024)
    message = (
        f"This is larger than HeartSite accepts: {megabytes} MB for a recording from somebody who is logged "
        "in, 1 MB for anything else. Shorten the recording, or export it at a lower sample rate."
    )
    if wants_html:
        page = f"<!doctype html><html lang=en><title>Too large</title><h1>Too large</h1><p>{message}</p>"
        return b"text/html; charset=utf-8", page.encode()
    error = {"error": {"code": "upload.too_large", "message": message}}
    return b"application/json", json.dumps(error).encode()
