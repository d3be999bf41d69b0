"""Plain http serves this machine alone; anyone else is sent to https, or told how to get there.

A phone has no microphone on plain http, and a clinic's network should not carry a password in the clear.
"""

from __future__ import annotations

from collections.abc import Callable

from heartsite.serving.transport import Scope, host_of, is_local, is_secure

# What a device may fetch before it trusts the certificate: how to connect, the certificate, and whether we
# are alive.
OPEN_PATHS = ("/connect/", "/static/", "/healthz")
CLOSE_POLICY = 4403

PAGE = """<!doctype html> <html lang="en"><head><meta charset="utf-8"><meta name="viewport"
content="width=device-width, initial-scale=1"> <title>HeartSite: a protected address is
needed</title></head> <body><h1>This address is not protected</h1> <p>HeartSite answers other devices over
https only: a browser lends its microphone to nothing less.</p> {way} <p><a href="/connect/">If your browser
warns about the certificate, or the page does not open</a></p> </body></html>
"""


class FrontDoor:
    """ASGI middleware in front of the whole site.

    `origin_for(host)` gives the https origin to send a client to.
    """

    def __init__(
        self, application: Callable, *, tls_port: int | None, public_url: str = "", trusted_proxies: int = 0
    ) -> None:
        self.application = application
        self.tls_port = tls_port
        self.public_url = public_url.rstrip("/")
        self.trusted_proxies = trusted_proxies

    async def __call__(self, scope: Scope, receive: Callable, send: Callable) -> None:
        if scope["type"] not in ("http", "websocket") or self._may_enter(scope):
            await self.application(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": CLOSE_POLICY})
        else:
            await self._turn_away(scope, send)

    def _may_enter(self, scope: Scope) -> bool:
        return (
            is_local(scope)
            or is_secure(scope, trusted_proxies=self.trusted_proxies)
            or (scope["type"] == "http" and scope["path"].startswith(OPEN_PATHS))
        )

    def origin_for(self, host: str) -> str:
        if self.public_url:
            return self.public_url
        return f"https://{host}:{self.tls_port}" if self.tls_port and host else ""

    async def _turn_away(self, scope: Scope, send: Callable) -> None:
        origin = self.origin_for(_safe(host_of(scope)))
        headers = [(b"content-type", b"text/html; charset=utf-8"), (b"cache-control", b"no-store")]
        if origin and scope["method"] in ("GET", "HEAD"):
            # 307, not 301: the address of a laptop changes with its network, and a browser never forgets a
            # 301.
            target = origin + scope.get("raw_path", scope["path"].encode()).decode("latin-1")
            if scope.get("query_string"):
                target += "?" + scope["query_string"].decode("latin-1")
            status = 307
            headers.append((b"location", target.encode("latin-1")))
            way = f'<p>Continue at <a href="{_escaped(target)}">{_escaped(target)}</a>.</p>'
        else:
            status = 403
            way = (
                f"<p>Use {_escaped(origin)} instead.</p>"
                if origin
                else "<p>Ask who set it up for its address.</p>"
            )
        body = PAGE.format(way=way).encode()
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def _safe(host: str) -> str:
    """A host that holds nothing but what a name or an address may hold; empty otherwise."""
    plain = host.strip("[]").replace(".", "").replace("-", "").replace(":", "")
    return host if plain.isascii() and plain.isalnum() else ""


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
