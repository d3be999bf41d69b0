"""Celery's doorway: each task makes its calls and nothing else."""

from __future__ import annotations

from celery import shared_task

from accounts.actors import Actor
from recordings.services.purge import delete_expired, purge_deleted


@shared_task(name="recordings.purge")
def purge() -> None:
    delete_expired(by=Actor.system())
    purge_deleted(by=Actor.system())
