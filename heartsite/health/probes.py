"""One function per thing the site cannot do without. Each returns a short finding or raises Unhealthy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import uuid4

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

LAYER_TIMEOUT_S = 2.0
WORKER_TIMEOUT_S = 1.0


class Unhealthy(Exception):  # noqa: N818  (a finding, not a fault of ours)
    """The sentence says what is wrong and what to do."""


def database() -> str:
    try:
        executor = MigrationExecutor(connection)
        owed = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        raise Unhealthy(
            f"The database does not answer ({type(error).__name__}). Check DATABASE_URL."
        ) from error
    if owed:
        raise Unhealthy(f"{len(owed)} migrations are not applied. Run `python manage.py migrate`.")
    return connection.vendor


def layer() -> str:
    """Send ourselves a message through the channel layer."""

    async def loop_back() -> None:
        channels = get_channel_layer()
        name = await channels.new_channel("health")
        await channels.send(name, {"type": "health.check"})
        await asyncio.wait_for(channels.receive(name), LAYER_TIMEOUT_S)

    try:
        async_to_sync(loop_back)()
    except (OSError, TimeoutError) as error:
        raise Unhealthy("The channel layer does not answer: no live view. Check REDIS_URL.") from error
    return "redis" if settings.REDIS_URL else "in memory"


def worker() -> str:
    from heartsite.celery import app
    from heartsite.serving.worker import embedded_worker

    embedded = embedded_worker()
    if embedded is not None:
        if not embedded.is_alive:
            raise Unhealthy("The worker in this process has ended or not begun: restart the server.")
        return "in this process"
    if not settings.REDIS_URL:
        raise Unhealthy("No worker runs here. Start `serve` without --no-worker, or set REDIS_URL.")
    try:
        answers = app.control.ping(timeout=WORKER_TIMEOUT_S)
    except OSError as error:
        raise Unhealthy("The queue does not answer. Check REDIS_URL.") from error
    if not answers:
        raise Unhealthy("No worker answers. Start one: `celery -A heartsite worker`.")
    return f"{len(answers)} answering"


def model() -> str:
    from ml.inference.artefact import load_artefact
    from ml.inference.errors import ArtefactError

    try:
        artefact = load_artefact(settings.MODEL_DIR)
    except ArtefactError as error:
        raise Unhealthy(f"{error.message} Check MODEL_DIR.") from error
    return f"{artefact.name} {artefact.version}"


def media() -> str:
    """Write, read back and remove a small file where recordings go."""
    name = f"health/{uuid4().hex}"
    try:
        stored = default_storage.save(name, ContentFile(b"health"))
        with default_storage.open(stored) as file:
            same = file.read() == b"health"
        default_storage.delete(stored)
    except OSError as error:
        raise Unhealthy(
            f"Recordings cannot be stored: {error.strerror}. Check the data directory's rights."
        ) from error
    if not same:
        raise Unhealthy("What was stored is not what is read back. Check MEDIA_STORAGE.")
    return "S3" if settings.MEDIA_STORAGE else "local files"


READINESS: dict[str, Callable[[], str]] = {
    "database": database,
    "layer": layer,
    "worker": worker,
    "model": model,
}


def findings(probes: dict[str, Callable[[], str]]) -> dict[str, dict[str, str | bool]]:
    """Run each probe; {"name": {"ok": bool, "detail": str}}."""
    found: dict[str, dict[str, str | bool]] = {}
    for name, probe in probes.items():
        try:
            found[name] = {"ok": True, "detail": probe()}
        except Unhealthy as error:
            found[name] = {"ok": False, "detail": str(error)}
    return found
