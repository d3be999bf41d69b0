from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from accounts.api import idempotency
from accounts.models import IdempotentRequest
from recordings.models import Patient, Recording
from recordings.services import patients
from tests import factories
from tests.api.conftest import client_with_token
from tests.recordings.files import heartbeat, wav


def add(client, key: str, **data):
    return client.post(
        "/api/v1/patients/", data or {"identifier": "P-7"}, format="json", headers={"Idempotency-Key": key}
    )


def test_the_same_request_is_answered_from_the_first(api):
    first, again = add(api, "k1"), add(api, "k1")
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert Patient.objects.count() == 1


def test_another_body_under_the_same_key_is_refused(api):
    add(api, "k1")
    response = add(api, "k1", identifier="P-8")
    assert (response.status_code, response.json()["error"]["code"]) == (409, "idempotency.mismatch")
    elsewhere = api.post(
        "/api/v1/sessions/", {"identifier": "P-7"}, format="json", headers={"Idempotency-Key": "k1"}
    )
    assert elsewhere.json()["error"]["code"] == "idempotency.mismatch"


def test_a_key_belongs_to_one_person(api, administrator):
    add(api, "k1")
    other = add(client_with_token(administrator), "k1", identifier="P-8")
    assert other.status_code == 201


def test_what_was_refused_may_be_corrected_under_its_key(api, clinic):
    factories.make_patient(clinic, identifier="P-7")
    assert add(api, "k1").status_code == 409
    assert add(api, "k1", identifier="P-8").status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "schlüssel"])
def test_keys_that_are_no_keys(api, key):
    response = add(api, key)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "idempotency.key")


def test_files_count(api, clinic):
    session = factories.make_session(clinic)

    def send(content: bytes):
        file = SimpleUploadedFile("a.wav", content, content_type="audio/wav")
        data = {"file": file, "session": str(session.pk), "consent_attested": "true"}
        return api.post(
            "/api/v1/recordings/", data, format="multipart", headers={"Idempotency-Key": "upload-1"}
        )

    first, again, other = send(wav(heartbeat())), send(wav(heartbeat())), send(wav(heartbeat(5)))
    assert first.status_code == 201
    assert first.json() == again.json()
    assert other.json()["error"]["code"] == "idempotency.mismatch"
    assert Recording.objects.count() == 1


def test_a_key_is_forgotten_after_a_day(api):
    add(api, "k1")
    IdempotentRequest.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert add(api, "k1", identifier="P-8").status_code == 201
    assert IdempotentRequest.objects.count() == 1


def test_a_second_request_while_the_first_is_at_work(api, monkeypatch):
    seen = []

    def meanwhile(**details):
        seen.append(add(api, "k1"))
        return patients.add_patient(**details)

    monkeypatch.setattr("recordings.api.patients.add_patient", meanwhile)
    assert add(api, "k1").status_code == 201
    assert [(r.status_code, r.json()["error"]["code"]) for r in seen] == [(409, "idempotency.in_progress")]


def test_a_dead_request_gives_its_place_up(api, clinician, monkeypatch):
    add(api, "k1")
    Patient.objects.all().delete()
    long_ago = timezone.now() - idempotency.ABANDONED_AFTER - timedelta(seconds=1)
    IdempotentRequest.objects.update(status_code=None, response=None, claimed_at=long_ago)
    assert add(api, "k1").status_code == 201
    assert Patient.objects.count() == 1
    assert IdempotentRequest.objects.get().status_code == 201


@pytest.mark.django_db(transaction=True)
def test_many_at_once_create_one():
    clinic = factories.make_clinic()
    client_of = factories.make_user(clinic)
    answers = []
    clients = [client_with_token(client_of) for _ in range(4)]

    def send(client):
        answers.append(add(client, "k1"))
        connection.close()

    threads = [threading.Thread(target=send, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    codes = sorted(answer.status_code for answer in answers)
    assert codes[0] == 201
    assert set(codes) <= {201, 409}
    assert {a.json()["error"]["code"] for a in answers if a.status_code == 409} <= {"idempotency.in_progress"}
    assert Patient.objects.count() == 1


def test_a_token_is_never_kept_for_an_echo(api):
    response = api.post(
        "/api/v1/tokens/", {"name": "x", "days": 3}, format="json", headers={"Idempotency-Key": "k1"}
    )
    assert (response.status_code, response.json()["error"]["code"]) == (400, "idempotency.unsupported")
    assert not IdempotentRequest.objects.exists()
