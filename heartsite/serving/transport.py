"""What a request's connection says.

Is it encrypted, does it come from this machine, did it pass a trusted proxy.
"""

from __future__ import annotations

from typing import Any

from heartsite.serving.addresses import is_loopback

Scope = dict[str, Any]


def header(scope: Scope, name: bytes) -> str:
    return b",".join(value for key, value in scope.get("headers", ()) if key == name).decode("latin-1")


def is_secure(scope: Scope, *, trusted_proxies: int) -> bool:
    """Encrypted on the way here, or on the way to a proxy that the settings trust."""
    if scope.get("scheme") in ("https", "wss"):
        return True
    return bool(trusted_proxies) and header(scope, b"x-forwarded-proto").lower() == "https"


def is_local(scope: Scope) -> bool:
    """Whether the peer is this machine itself."""
    peer = scope.get("client") or ("", 0)
    return is_loopback(peer[0] or "")


def host_of(scope: Scope) -> str:
    """The host that the client asked for, without its port."""
    host = header(scope, b"host")
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]
