"""Alive, ready and measured; and who may look inside."""

from __future__ import annotations

import pytest
from django.test import Client

from heartsite.health import probes
from heartsite.health.metrics import observe_request, render
from heartsite.health.probes import Unhealthy, findings


def get(path, *, user=None, address="127.0.0.1", host="127.0.0.1", **headers):
    client = Client()
    if user is not None:
        client.force_login(user)
    return client.get(path, REMOTE_ADDR=address, headers={"host": host, **headers})


def test_alive_needs_no_database():
    assert get("/healthz").json() == {"status": "alive"}


@pytest.mark.django_db
def test_ready_says_what_is_missing_to_this_machine_only(monkeypatch, settings, tmp_path):
    settings.MODEL_DIR = tmp_path
    local = get("/readyz")
    assert local.status_code == 503
    assert local.json()["checks"]["database"] == {"ok": True, "detail": "sqlite"}
    assert "MODEL_DIR" in local.json()["checks"]["model"]["detail"]
    assert get("/readyz", address="192.168.1.20").json()["checks"]["model"] == {"ok": False}


@pytest.mark.django_db
def test_ready_when_everything_is(monkeypatch):
    monkeypatch.setattr(
        "heartsite.health.views.READINESS", {"database": probes.database, "layer": probes.layer}
    )
    response = get("/readyz")
    assert (response.status_code, response.json()["status"]) == (200, "ready")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("persona", "request_options", "status"),
    [
        (None, {}, 200),
        (None, {"address": "192.168.1.20"}, 403),
        (None, {"host": "testserver"}, 403),
        (None, {"x-forwarded-for": "198.51.100.9"}, 403),
        ("clinician", {"address": "192.168.1.20"}, 403),
        ("reviewer", {"address": "192.168.1.20"}, 403),
        ("administrator", {"address": "192.168.1.20"}, 200),
    ],
)
def test_metrics_are_for_this_machine_and_administrators(persona, request_options, status, request):
    user = request.getfixturevalue(persona) if persona else None
    assert get("/metrics", user=user, **request_options).status_code == status


@pytest.mark.django_db
def test_metrics_count_requests_and_hold_no_patient(clinic):
    from tests import factories

    session = factories.make_session(clinic, factories.make_patient(clinic, identifier="P-SECRET"))
    factories.make_recording(session)
    observe_request("GET", 200, 0.5)
    observe_request("BREW", 418, 0.1)
    text = render()
    assert 'heartsite_recordings{status="stored"} 1' in text
    assert 'heartsite_http_requests_total{method="OTHER",status="418"} ' in text
    assert "P-SECRET" not in text
    assert str(session.pk) not in text


@pytest.mark.django_db
def test_media_are_written_read_and_removed(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    assert probes.media() == "local files"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_without_worker_and_queue_the_finding_says_what_to_do():
    found = findings({"worker": probes.worker})
    assert found["worker"]["ok"] is False
    assert "REDIS_URL" in found["worker"]["detail"]


def test_a_probe_that_breaks_in_another_way_is_not_swallowed():
    def broken():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        findings({"broken": broken})


def test_unapplied_migrations_are_a_finding(monkeypatch):
    class Behind:
        class loader:  # noqa: N801
            class graph:  # noqa: N801
                leaf_nodes = staticmethod(lambda: [("accounts", "9999")])

        def __init__(self, connection):
            pass

        def migration_plan(self, targets):
            return targets

    monkeypatch.setattr(probes, "MigrationExecutor", Behind)
    with pytest.raises(Unhealthy, match="migrate"):
        probes.database()
