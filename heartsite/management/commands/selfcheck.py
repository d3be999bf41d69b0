"""`manage.py selfcheck`: is everything there, and does it work."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from heartsite.selfcheck.local import local_checks
from heartsite.selfcheck.rows import Row, State, run, table
from heartsite.selfcheck.server import running_server
from heartsite.selfcheck.web import web_checks
from heartsite.serving.run import Options


class Command(BaseCommand):
    help = (
        "Check the model, one real inference, database, media, worker, addresses, phone page and certificate."
    )
    # A broken installation is what this command is for: it reports, it does not refuse to start.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--url", default="", help="a running server (default: this machine's, or one of its own)"
        )
        parser.add_argument(
            "--port", type=int, default=Options.port, help="where this machine's server listens"
        )
        parser.add_argument("--tls-port", type=int, default=Options.tls_port, help="and its https")

    def handle(self, **options) -> None:
        url = options["url"].rstrip("/")
        if url and urlsplit(url).scheme not in ("http", "https"):
            raise CommandError(f"--url is {url!r}; give it with http:// or https://")
        if url:
            rows = self._rows(url, options["tls_port"])
        else:
            with running_server(options["port"], options["tls_port"]) as (own_url, tls_port, is_ours):
                if is_ours:
                    self.stdout.write("No server was running: one was started for this check.\n\n")
                rows = self._rows(own_url, tls_port)
        self.stdout.write(table(rows))
        failed = sum(row.state is State.FAILED for row in rows)
        if failed:
            raise CommandError(f"{failed} of {len(rows)} checks failed.")

    def _rows(self, url: str, tls_port: int) -> list[Row]:
        authority = settings.CERTIFICATES_DIR / "authority.crt"
        return run([*local_checks(), *web_checks(url, tls_port=tls_port, authority=authority)])
