"""`manage.py serve`: everything in one process, until Ctrl-C."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from heartsite.serving.ports import PortBusyError
from heartsite.serving.run import Options, ServeError, serve


class Command(BaseCommand):
    help = "Serve HeartSite: http for this machine, https for phones, and the analyses, in one process."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--host", default=Options.host, help="address to listen on (default: every network)"
        )
        parser.add_argument(
            "--port", type=int, default=Options.port, help="http, for this machine (default: 8000)"
        )
        parser.add_argument(
            "--tls-port",
            type=int,
            default=Options.tls_port,
            help="https, for phones and other computers (default: 8443)",
        )
        parser.add_argument(
            "--no-tls", action="store_true", help="no https here: a proxy or a tunnel provides it"
        )
        parser.add_argument(
            "--public-url",
            default=settings.PUBLIC_URL,
            help="the address of that proxy or tunnel, with https://",
        )
        parser.add_argument(
            "--no-worker", action="store_true", help="leave the analyses to `celery -A heartsite worker`"
        )
        parser.add_argument("--demo", action="store_true", help="on the first start, seed the demo clinic")

    def handle(self, **options) -> None:
        chosen = Options(
            host=options["host"],
            port=options["port"],
            tls_port=None if options["no_tls"] else options["tls_port"],
            public_url=_checked_url(options["public_url"]),
            worker=not options["no_worker"],
            demo=options["demo"],
        )
        try:
            serve(chosen, self._write)
        except (PortBusyError, ServeError) as error:
            raise CommandError(str(error)) from error

    def _write(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _checked_url(url: str) -> str:
    if not url:
        return ""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
        raise CommandError(f"--public-url is {url!r}; give a whole origin such as https://heart.example.org")
    return url.rstrip("/")
