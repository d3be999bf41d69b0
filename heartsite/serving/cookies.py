"""Cookies that fit the connection: over https Secure and named __Host-, over loopback http neither.

Ports share cookies, and a browser refuses to let http://localhost overwrite a Secure cookie of
https://localhost. With two names both doors of one machine work side by side, and no cookie made on plain
http is ever believed on https.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from heartsite.serving.transport import Scope, is_secure

PREFIX = b"__Host-"


class ConnectionCookies:
    """ASGI middleware for http and WebSockets alike. `names` are the cookies that get the prefix."""

    def __init__(self, application: Callable, *, names: set[str], trusted_proxies: int) -> None:
        self.application = application
        self.names = {name.encode() for name in names}
        self.trusted_proxies = trusted_proxies

    async def __call__(
        self, scope: Scope, receive: Callable, send: Callable[[dict], Awaitable[None]]
    ) -> None:
        if scope["type"] not in ("http", "websocket") or not is_secure(
            scope, trusted_proxies=self.trusted_proxies
        ):
            await self.application(scope, receive, send)
            return

        async def send_secured(message: dict[str, Any]) -> None:
            if message["type"] in ("http.response.start", "websocket.accept"):
                headers = [
                    (name, self._secured(value) if name.lower() == b"set-cookie" else value)
                    for name, value in message.get("headers", ())
                ]
                message = {**message, "headers": headers}
            await send(message)

        headers = [
            (name, self._unprefixed(value) if name == b"cookie" else value)
            for name, value in scope["headers"]
        ]
        await self.application({**scope, "headers": headers}, receive, send_secured)

    def _unprefixed(self, cookies: bytes) -> bytes:
        kept = []
        for pair in cookies.split(b";"):
            name, equals, value = pair.strip().partition(b"=")
            if name.startswith(PREFIX) and name.removeprefix(PREFIX) in self.names:
                kept.append(name.removeprefix(PREFIX) + equals + value)
            elif name not in self.names:
                kept.append(pair.strip())
        return b"; ".join(kept)

    def _secured(self, cookie: bytes) -> bytes:
        name = cookie.partition(b"=")[0]
        attributes = {part.strip().lower().partition(b"=")[0] for part in cookie.split(b";")[1:]}
        if name in self.names and b"domain" not in attributes:
            cookie = PREFIX + cookie
        return cookie if b"secure" in attributes else cookie + b"; Secure"
