"""What must be true before the first request.

Migrations, the demo clinic, certificates, hosts that are ours.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from accounts.errors import HeartSiteError
from accounts.models import Clinic
from analysis.services.registry import adopt_configured_model

DEMO_LOGINS_FILE = "demo-logins"


def migrate() -> bool:
    """Bring the database up to date; True when there was something to do."""
    executor = MigrationExecutor(connection)
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return False
    call_command("migrate", interactive=False, verbosity=0)
    return True


def adopt_model() -> str:
    """Register the configured model, and let it read if it is new. Returns what is wrong with it, if anything."""
    try:
        adopt_configured_model()
    except HeartSiteError as error:
        return f"No model reads the recordings: {error.message}"
    return ""


def seed_demo_once() -> str:
    """Seed the demo clinic where no clinic is, and keep its log-ins beside the data for the next start to show.

    A seeding that was cut short has made the clinic and told nobody how to get in: the next start does it again.
    In a process of its own, since it analyses its samples: what that loads would stay in the server for good.
    Returns what went wrong, if anything.
    """
    seeded = Clinic.objects.filter(is_demo=True).exists() and not _was_cut_short()
    if seeded or Clinic.objects.filter(is_demo=False).exists():
        return ""
    _write_logins("")
    seeding = subprocess.run(
        [sys.executable, str(settings.BASE_DIR / "manage.py"), "seed_demo"],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if seeding.returncode != 0:
        return (
            "The demo clinic could not be made; the lines above say why. `manage.py seed_demo` tries again."
        )
    _write_logins(seeding.stdout)
    return ""


def demo_logins() -> tuple[tuple[str, str], ...]:
    """(e-mail, password) pairs of the demo clinic; none once a real clinic lives here too."""
    if not _logins_path().is_file() or Clinic.objects.filter(is_demo=False).exists():
        return ()
    pairs = (line.split() for line in _logins_path().read_text().splitlines())
    return tuple((pair[0], pair[1]) for pair in pairs if len(pair) == 2 and "@" in pair[0])


def accept_hosts(hosts: list[str], *, public_url: str, phone_origin: str) -> None:
    """Let this start's own addresses and its public one through Django's host and origin checks."""
    public_host = urlsplit(public_url).hostname
    own = [f"[{host}]" if ":" in host else host for host in hosts]
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, *own, *([public_host] if public_host else [])]
    settings.PUBLIC_URL = public_url
    settings.PHONE_ORIGIN = phone_origin
    if public_url and public_url not in settings.CSRF_TRUSTED_ORIGINS:
        settings.CSRF_TRUSTED_ORIGINS = [*settings.CSRF_TRUSTED_ORIGINS, public_url]


def _was_cut_short() -> bool:
    """The file of log-ins is empty from the beginning of a seeding to its end."""
    path = _logins_path()
    return path.is_file() and path.stat().st_size == 0


def _write_logins(text: str) -> None:
    handle = os.open(_logins_path(), os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)


def _logins_path() -> Path:
    return settings.DATA_DIR / DEMO_LOGINS_FILE
