"""Celery's doorway: each task takes an id, or nothing, and makes one call."""

from __future__ import annotations

from celery import shared_task

from analysis import pipeline
from analysis.services.requests import sweep_owed


@shared_task(name="analysis.analyse")
def analyse(analysis_id: str) -> None:
    pipeline.run(analysis_id)


@shared_task(name="analysis.sweep")
def sweep() -> None:
    sweep_owed()
