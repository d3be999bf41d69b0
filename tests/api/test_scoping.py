"""Everybody at every door."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from accounts.models import Membership
from recordings.models import Patient, Recording, RecordingSession
from tests import factories
from tests.api.conftest import client_with_token
from tests.recordings.files import heartbeat, wav

READS = {"owner": 200, "colleague": 200, "anonymous": 401, "read-only": 200, "expired": 401, "revoked": 401}
WRITES = {"colleague": 403, "anonymous": 401, "read-only": 403, "expired": 401, "revoked": 401}


@pytest.fixture
def rows(clinic):
    session = factories.make_session(clinic)
    recording = factories.make_recording(session)
    return {"patient": session.patient, "session": session, "recording": recording}


LISTS = ["patients", "sessions", "recordings", "analyses", "models", "tokens"]
DETAILS = ["patients/{patient.pk}", "sessions/{session.pk}", "recordings/{recording.pk}"]


@pytest.mark.parametrize("name", LISTS)
def test_lists_are_for_people_of_a_clinic_and_hold_their_own_rows(clients, rows, name):
    for who, expected in READS.items():
        assert clients[who].get(f"/api/v1/{name}/").status_code == expected, who
    found = clients["stranger"].get(f"/api/v1/{name}/")
    assert found.status_code == 200
    if name in ("patients", "sessions", "recordings"):
        assert found.json()["results"] == []
        assert len(clients["owner"].get(f"/api/v1/{name}/").json()["results"]) == 1


@pytest.mark.parametrize("path", DETAILS)
def test_a_row_is_for_its_clinic(clients, rows, path):
    address = f"/api/v1/{path.format(**rows)}/"
    for who, expected in {**READS, "stranger": 404}.items():
        assert clients[who].get(address).status_code == expected, who


@pytest.mark.parametrize(
    ("method", "path", "data"),
    [
        ("post", "patients/", {"identifier": "P-9"}),
        ("patch", "patients/{patient.pk}/", {"name": "Other"}),
        ("post", "sessions/", {"patient": "{patient.pk}"}),
        ("patch", "sessions/{session.pk}/", {"site": "erb"}),
        ("post", "sessions/{session.pk}/end/", {}),
        ("post", "sessions/{session.pk}/move/", {"patient": "{patient.pk}"}),
        ("delete", "recordings/{recording.pk}/", None),
        ("post", "recordings/{recording.pk}/restore/", {}),
    ],
)
def test_writing_takes_the_right_and_a_token_that_may(clients, rows, method, path, data):
    before = [list(model.objects.values()) for model in (Patient, RecordingSession, Recording)]
    address = f"/api/v1/{path.format(**rows)}"
    data = {k: v.format(**rows) for k, v in data.items()} if data else data
    creates_own = path == "patients/"
    for who, expected in {**WRITES, **({} if creates_own else {"stranger": 404})}.items():
        response = getattr(clients[who], method)(address, data, format="json")
        assert response.status_code == expected, who
        assert response.json()["error"]["code"]
    assert [list(model.objects.values()) for model in (Patient, RecordingSession, Recording)] == before
    assert getattr(clients["owner"], method)(address, data, format="json").status_code in (200, 201, 204)


def test_uploading_takes_the_right(clients, rows):
    expected = {**WRITES, "stranger": 404}
    for who, status in expected.items():
        data = {"file": SimpleUploadedFile("a.wav", wav(heartbeat())), "session": str(rows["session"].pk)}
        data["consent_attested"] = "true"
        response = clients[who].post("/api/v1/recordings/", data, format="multipart")
        assert response.status_code == status, who
    assert Recording.objects.count() == 1


def test_a_refusal_to_a_stranger_is_the_same_as_for_what_does_not_exist(clients, rows):
    own = clients["stranger"].get(f"/api/v1/recordings/{rows['recording'].pk}/")
    none = clients["stranger"].get("/api/v1/recordings/00000000-0000-4000-8000-000000000000/")
    assert own.json() == none.json()
    assert own.status_code == none.status_code == 404


def test_a_token_ends_with_its_owners_membership(clinician, rows):
    client = client_with_token(clinician)
    assert client.get("/api/v1/patients/").status_code == 200
    Membership.objects.filter(user=clinician).update(is_active=False)
    assert client.get("/api/v1/patients/").status_code == 401


def test_a_token_acts_in_its_own_clinic_only(clinician, rows):
    client = client_with_token(clinician)
    elsewhere = factories.make_clinic()
    Membership.objects.create(user=clinician, clinic=elsewhere, role="admin")
    patient = factories.make_patient(elsewhere)
    assert client.get(f"/api/v1/patients/{patient.pk}/").status_code == 404


def test_the_browsers_session_works_and_needs_its_csrf_token(clinician, rows):
    browser = APIClient(enforce_csrf_checks=True)
    browser.force_login(clinician)
    assert browser.get("/api/v1/patients/").status_code == 200
    response = browser.post("/api/v1/patients/", {"identifier": "P-9"}, format="json")
    assert response.status_code == 403


@pytest.mark.parametrize("header", ["Token", "Token a b", "Token hs_wrong", "Token \xff\xfe"])
def test_bad_tokens_are_401_with_a_code(header, db):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=header)
    response = client.get("/api/v1/patients/")
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "authentication_failed"
