"""One process: http for this machine, https for the network, and a worker for the analyses."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings

from heartsite.serving import setup
from heartsite.serving.addresses import host_names, is_loopback, lan_addresses
from heartsite.serving.banner import Banner
from heartsite.serving.certificates import Certificates, ensure_certificates
from heartsite.serving.ports import require_free

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104  (phones come over the network)


@dataclass(frozen=True)
class Options:
    """`tls_port` is None with --no-tls; `public_url` has no trailing slash."""

    host: str = EVERYWHERE[0]
    port: int = 8000
    tls_port: int | None = 8443
    public_url: str = ""
    worker: bool = True
    demo: bool = False


class ServeError(Exception):
    """The server could not start; the sentence says why."""


def serve(options: Options, write: Callable[[str], None]) -> None:
    """Run until SIGINT or SIGTERM. Raises PortBusyError or ServeError before anything is served."""
    http_hosts = _http_hosts(options.host)
    for host in http_hosts:
        require_free(host, options.port, option="--port")
    if options.tls_port is not None:
        require_free(options.host, options.tls_port, option="--tls-port")

    if setup.migrate():
        write("The database is up to date.")
    problems = [setup.adopt_model()]
    if options.demo:
        problems.append(setup.seed_demo_once())
    addresses = lan_addresses() if options.host in EVERYWHERE else [options.host]
    reachable = [address for address in addresses if not is_loopback(address)]
    certificates = None
    if options.tls_port is not None:
        certificates = ensure_certificates(settings.CERTIFICATES_DIR, addresses=reachable, names=host_names())
    phone_origins = _phone_origins(options, reachable)
    setup.accept_hosts(
        [*reachable, *host_names()], public_url=options.public_url, phone_origin=phone_origins[0]
    )
    banner = Banner(
        desktop_url=f"http://127.0.0.1:{options.port}/",
        phone_url=f"{phone_origins[0]}/p/",
        other_urls=tuple(f"{origin}/p/" for origin in phone_origins[1:]),
        logins=setup.demo_logins() if options.demo else (),
        notes=(*_notes(options, certificates, reachable), *filter(None, problems)),
    )
    _run(options, http_hosts, certificates, banner, write)


def _run(options: Options, http_hosts, certificates, banner: Banner, write) -> None:
    from heartsite.asgi import application as site
    from heartsite.celery import app as celery_application
    from heartsite.serving.bodies import BodyFromFile, BodyLimits
    from heartsite.serving.front_door import FrontDoor
    from heartsite.serving.identity import is_known
    from heartsite.serving.memory import limit_arenas, return_free_memory
    from heartsite.serving.probe import call_when_alive
    from heartsite.serving.server import HeartSiteServer
    from heartsite.serving.worker import start_embedded_worker
    from recordings import decode
    from recordings.spool import reset_spool
    from recordings.sweeper import sweeper

    def announce() -> None:
        return_free_memory()
        write(banner.text(with_qr=sys.stdout.isatty() or bool(banner.logins)))
        write(f"READY {banner.desktop_url.rstrip('/')} {banner.phone_url.removesuffix('/p/')}")
        # The first upload finds its decoder running; the start-up does not wait for it.
        decode.warm_up()

    limit_arenas()
    # Whatever a crash has left in the journal is filed now, not when the next phone comes.
    sweeper.start()
    embedded = options.worker and not settings.REDIS_URL
    worker = start_embedded_worker(celery_application) if embedded else None
    door = FrontDoor(
        site,
        tls_port=options.tls_port,
        public_url=options.public_url,
        trusted_proxies=settings.TRUSTED_PROXIES,
    )
    server = HeartSiteServer(
        BodyFromFile(door),
        endpoints=_endpoints(options, http_hosts, certificates),
        body_limits=BodyLimits(
            max_upload_bytes=settings.MAX_UPLOAD_BYTES, knows=is_known, cookie=settings.SESSION_COOKIE_NAME
        ),
        ready_callable=lambda: call_when_alive(options.port, announce),
    )
    try:
        server.run()
    finally:
        if worker is not None:
            worker.stop()
        sweeper.stop()
        reset_spool()
        decode.close()
    if server.listen_failure:
        raise ServeError(server.listen_failure)


def _endpoints(options: Options, http_hosts, certificates: Certificates | None) -> list[str]:
    import daphne.server  # noqa: F401  (installs the reactor before twisted's endpoints look for one)
    from twisted.internet.endpoints import quoteStringArgument

    endpoints = [f"tcp:{options.port}:interface={quoteStringArgument(host)}" for host in http_hosts]
    if certificates is not None:
        key, leaf = (
            quoteStringArgument(str(certificates.leaf_key)),
            quoteStringArgument(str(certificates.leaf)),
        )
        endpoints.append(
            f"ssl:{options.tls_port}:interface={quoteStringArgument(options.host)}:privateKey={key}:certKey={leaf}"
        )
    return endpoints


def _http_hosts(host: str) -> list[str]:
    """Plain http always listens on loopback; elsewhere it only tells people where https is."""
    return [host] if host in EVERYWHERE or is_loopback(host) else ["127.0.0.1", host]


def _phone_origins(options: Options, reachable: list[str]) -> list[str]:
    """Where a phone finds us, the best first. Never empty: without a network it is this machine."""
    origins = [options.public_url] if options.public_url else []
    if options.tls_port is not None:
        origins += [f"https://{address}:{options.tls_port}" for address in reachable]
        if not origins:
            origins.append(f"https://127.0.0.1:{options.tls_port}")
    return origins or [f"http://127.0.0.1:{options.port}"]


def _notes(options: Options, certificates: Certificates | None, reachable: list[str]) -> tuple[str, ...]:
    notes = []
    if certificates is not None and not options.public_url:
        notes.append("A phone warns about the certificate once; /connect/ on this site says what to do.")
    if certificates is not None and certificates.left_out:
        names = ", ".join(certificates.left_out)
        notes.append(
            f"The certificate does not cover {names}: this machine changed its name or network. "
            f"Delete {certificates.authority.parent} and start again for a new one."
        )
    if certificates is None and not options.public_url:
        notes.append("Without https a phone has no microphone: give --public-url, or leave --no-tls out.")
    if not reachable and not options.public_url:
        notes.append("No network address was found: phones cannot reach this machine yet.")
    if not options.worker and not settings.REDIS_URL:
        notes.append("--no-worker without REDIS_URL: recordings are stored, but nothing analyses them.")
    return tuple(notes)
