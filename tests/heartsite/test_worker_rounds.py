"""What every worker asks of itself, and how often."""

from __future__ import annotations

import pytest

from heartsite import celery


@pytest.mark.parametrize(
    ("delay_s", "expected"),
    [(0.0, ["analysis.sweep", "recordings.purge", "analysis.sweep"]), (600.0, ["analysis.sweep"] * 3)],
)
def test_a_worker_sweeps_each_round_and_purges_when_it_is_due_once_a_day(monkeypatch, delay_s, expected):
    step = celery.SweepStep(parent=None)
    sent = []

    def send_task(name, **options):
        sent.append(name)
        if len(sent) == 3:
            step._over.set()

    monkeypatch.setattr(celery, "PURGE_DELAY_S", delay_s)
    monkeypatch.setattr(celery, "SWEEP_INTERVAL_S", 0.0)
    monkeypatch.setattr(celery.app, "send_task", send_task)
    step._run()
    assert sent == expected


def test_both_errands_are_known_to_the_worker():
    celery.app.loader.import_default_modules()
    assert {"analysis.sweep", "recordings.purge"} <= set(celery.app.tasks)
