from __future__ import annotations

import socket
import subprocess
import sys
from datetime import timedelta

import pytest
from django.utils import timezone

from analysis.models import Analysis
from analysis.services import leases

RESULT = {"label": "normal", "unsure_reason": "", "probability_abnormal": 0.1}


@pytest.fixture
def queued(model, recording):
    return Analysis.objects.create(clinic=recording.clinic, recording=recording, model_version=model)


def age(analysis, **fields):
    Analysis.objects.filter(pk=analysis.pk).update(**fields)


def test_one_worker_gets_it(queued):
    first = leases.claim(queued.pk, worker="one")
    assert first.attempts == 1
    assert leases.claim(queued.pk, worker="two") is None


def test_a_worker_that_lost_its_lease_cannot_write(queued):
    slow = leases.claim(queued.pk, worker="slow")
    age(queued, lease_until=timezone.now() - timedelta(seconds=1))
    assert [row.pk for row in leases.sweep().owed] == [queued.pk]
    quick = leases.claim(queued.pk, worker="quick")
    assert not leases.finish(slow, {**RESULT, "label": "abnormal"})
    assert not leases.fail(slow, code="x", message="x")
    assert not leases.renew(slow)
    assert leases.finish(quick, RESULT)
    queued.refresh_from_db()
    assert (queued.status, queued.label) == (Analysis.Status.DONE, "normal")


def test_the_same_worker_taking_it_again_is_another_lease(queued):
    first = leases.claim(queued.pk, worker="same")
    leases.release(first)
    leases.claim(queued.pk, worker="same")
    assert not leases.finish(first, RESULT)


def test_three_lost_workers_end_it_with_a_reason(queued):
    for _ in range(3):
        leases.claim(queued.pk, worker="dies")
        age(queued, lease_until=timezone.now() - timedelta(seconds=1))
        swept = leases.sweep()
    assert [row.pk for row in swept.lost] == [queued.pk]
    queued.refresh_from_db()
    assert (queued.status, queued.error_code) == (Analysis.Status.FAILED, "analysis.worker_lost")
    assert leases.claim(queued.pk, worker="late") is None


def test_a_running_analysis_within_its_lease_is_left_alone(queued):
    leases.claim(queued.pk, worker="busy")
    swept = leases.sweep()
    assert (swept.owed, swept.lost) == ([], [])


def test_the_work_of_a_killed_process_does_not_wait_for_its_lease(queued):
    killed = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    name = f"{socket.gethostname()}:{killed.pid}:1"
    leases.claim(queued.pk, worker=name)
    assert leases.sweep().owed == [], "it is still alive"
    killed.kill()
    killed.communicate()
    assert [row.pk for row in leases.sweep().owed] == [queued.pk]
    assert leases.claim(queued.pk, worker="next").attempts == 2


def test_of_a_worker_elsewhere_only_the_lease_can_tell(queued):
    leases.claim(queued.pk, worker="another-host:1:1")
    assert leases.sweep().owed == []


def test_a_row_the_queue_lost_is_handed_over_again_but_not_by_every_sweep(queued):
    assert leases.sweep().owed == []
    age(queued, created_at=timezone.now() - timedelta(minutes=5))
    assert [row.pk for row in leases.sweep().owed] == [queued.pk]
    assert leases.sweep().owed == []
    assert leases.claim(queued.pk, worker="one") is not None
