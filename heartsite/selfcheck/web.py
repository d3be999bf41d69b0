"""Checks through a running server, as a browser on this machine and a phone on the network would see it."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from html.parser import HTMLParser
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from heartsite.health.probes import Unhealthy
from heartsite.selfcheck.rows import NotHere
from heartsite.serving.addresses import is_loopback, lan_addresses

TIMEOUT_S = 10.0
WORKER_START_S = 10.0
RETRY_S = 0.2
PHONE_PAGE = "/p/"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def web_checks(url: str, *, tls_port: int, authority: Path) -> list[tuple[str, Callable[[], str]]]:
    """`url` is how this machine reaches the server; `authority` the certificate that https is verified against."""
    addresses = [address for address in lan_addresses() if not is_loopback(address)]
    phone_url = url
    if is_loopback(urlsplit(url).hostname or "") and authority.is_file():
        phone_url = f"https://{addresses[0] if addresses else '127.0.0.1'}:{tls_port}"
    fetch = partial(get, authority=authority)
    checks: list[tuple[str, Callable[[], str]]] = [
        ("web, local address", lambda: alive(fetch, url)),
        ("worker and live view", lambda: ready(fetch, url)),
    ]
    if not addresses:
        checks.append(("web, network address", no_network))
    checks += [
        (f"web, {address}", partial(alive, fetch, f"https://{address}:{tls_port}")) for address in addresses
    ]
    return [
        *checks,
        ("phone page", lambda: phone_page(fetch, phone_url)),
        ("phone page: microphone", lambda: microphone(fetch, phone_url)),
        ("phone page: worklet", lambda: worklet(fetch, phone_url)),
        ("phone page: policies", lambda: policies(fetch, phone_url)),
    ]


def get(url: str, *, authority: Path) -> Answer:
    """One GET without following redirects. Raises Unhealthy when nobody answers or the certificate is wrong."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    connection: HTTPConnection
    if parts.scheme == "https":
        trusted = ssl.create_default_context()
        if authority.is_file():
            trusted.load_verify_locations(authority)
        connection = HTTPSConnection(host, port, timeout=TIMEOUT_S, context=trusted)
    else:
        connection = HTTPConnection(host, port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", parts.path or "/", headers={"Accept": "text/html,*/*"})
        response = connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    except ssl.SSLCertVerificationError as error:
        raise Unhealthy(f"{url}: the certificate is not valid here ({error.verify_message}).") from error
    except (OSError, HTTPException) as error:
        raise Unhealthy(f"{url} does not answer ({error}). Is a firewall in between?") from error
    finally:
        connection.close()


def no_network() -> str:
    raise NotHere("no network address on this machine: phones cannot reach it yet")


def alive(fetch: Callable[[str], Answer], url: str) -> str:
    answer = fetch(url + "/healthz")
    if answer.status != 200:
        raise Unhealthy(f"{url}/healthz answered {answer.status}. Is another program on this port?")
    return url


def ready(fetch: Callable[[str], Answer], url: str) -> str:
    """A server that has just started is given a moment: its worker comes up beside the first requests."""
    deadline = time.monotonic() + WORKER_START_S
    while True:
        answer = fetch(url + "/readyz")
        try:
            checks = json.loads(answer.body)["checks"]
        except (ValueError, KeyError) as error:
            raise Unhealthy(f"{url}/readyz did not answer as HeartSite does.") from error
        if checks["worker"]["ok"] or time.monotonic() > deadline:
            break
        time.sleep(RETRY_S)
    broken = [
        f"{name}: {found.get('detail', 'not ready')}" for name, found in checks.items() if not found["ok"]
    ]
    if broken:
        raise Unhealthy("; ".join(broken))
    return ", ".join(f"{name} {found.get('detail', 'ready')}" for name, found in checks.items())


def phone_page(fetch: Callable[[str], Answer], url: str) -> str:
    answer = fetch(url + PHONE_PAGE)
    if answer.status != 200 or b"data-worklet" not in answer.body:
        raise Unhealthy(f"{url}{PHONE_PAGE} answered {answer.status}, and not with the recording page.")
    return url + PHONE_PAGE


def microphone(fetch: Callable[[str], Answer], url: str) -> str:
    """A browser lends its microphone to a secure context only, and not against a Permissions-Policy."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise Unhealthy(f"{url} is not https, so a phone has no microphone there.")
    policy = fetch(url + PHONE_PAGE).headers.get("permissions-policy", "")
    if "microphone=()" in policy.replace(" ", ""):
        raise Unhealthy(f"The Permissions-Policy forbids the microphone: {policy}")
    return "https, verified" if parts.scheme == "https" else "loopback"


def worklet(fetch: Callable[[str], Answer], url: str) -> str:
    """The audio worklet and the page's module load as JavaScript."""
    page = _Page(fetch(url + PHONE_PAGE).body.decode())
    addresses = [address for address in (page.worklet, *page.modules) if address]
    if not page.worklet or not page.modules:
        raise Unhealthy("The phone page names no worklet or no module.")
    for address in addresses:
        answer = fetch(urljoin(url + PHONE_PAGE, address))
        if answer.status != 200 or "javascript" not in answer.headers.get("content-type", ""):
            raise Unhealthy(
                f"{address} answered {answer.status} as {answer.headers.get('content-type', 'nothing')}."
            )
    return f"{len(addresses)} scripts"


def policies(fetch: Callable[[str], Answer], url: str) -> str:
    """The policy lets our scripts, the worklet and the socket through, and nothing inline."""
    policy = fetch(url + PHONE_PAGE).headers.get("content-security-policy", "")
    directives = {words[0]: words[1:] for words in map(str.split, policy.split(";")) if words}
    for name in ("script-src", "connect-src", "worker-src"):
        if "'self'" not in directives.get(name, ()):
            raise Unhealthy(f"The Content-Security-Policy does not allow our own {name}.")
    if any("'unsafe-inline'" in sources for sources in directives.values()):
        raise Unhealthy("The Content-Security-Policy allows inline code.")
    return "own scripts and sockets only"


class _Page(HTMLParser):
    """The addresses of the worklet and of the module scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.worklet = ""
        self.modules: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.worklet = named.get("data-worklet") or self.worklet
        if tag == "script" and named.get("type") == "module" and named.get("src"):
            self.modules.append(named["src"] or "")
