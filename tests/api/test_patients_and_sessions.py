from __future__ import annotations

import pytest

from accounts.models import AuditEvent
from recordings.models import Patient, RecordingSession
from tests import factories


def test_a_patient_is_added_read_and_corrected(api, clinic):
    added = api.post(
        "/api/v1/patients/",
        {"identifier": " P-7 ", "age_months": 300, "sex": "F", "pacemaker": True},
        format="json",
    )
    assert added.status_code == 201
    body = added.json()
    assert (body["identifier"], body["age_months"], body["sex"], body["pacemaker"]) == ("P-7", 300, "F", True)
    patient = Patient.objects.get(pk=body["id"], clinic=clinic)
    assert patient.age_recorded_on is not None
    changed = api.patch(f"/api/v1/patients/{patient.pk}/", {"indication": "murmur"}, format="json")
    assert changed.json()["indication"] == "murmur"
    assert api.get(f"/api/v1/patients/{patient.pk}/").json()["indication"] == "murmur"


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        ({}, 400, "request.invalid"),
        ([], 400, "request.invalid"),
        ("text", 400, "request.invalid"),
        ({"identifier": "x" * 65}, 400, "request.invalid"),
        ({"identifier": "a\x00b"}, 400, "request.invalid"),
        ({"identifier": "P-9", "born_on": "yesterday"}, 400, "request.invalid"),
        ({"identifier": "P-9", "age_months": -1}, 400, "request.invalid"),
        ({"identifier": "p-1"}, 409, "patient.identifier_taken"),
    ],
)
def test_what_cannot_be_a_patient(api, clinic, data, status, code):
    factories.make_patient(clinic, identifier="P-1")
    response = api.post("/api/v1/patients/", data, format="json")
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert Patient.objects.count() == 1


def test_bodies_that_are_no_json_are_400_and_other_types_415(api):
    broken = api.post("/api/v1/patients/", b"{", content_type="application/json")
    assert (broken.status_code, broken.json()["error"]["code"]) == (400, "parse_error")
    xml = api.post("/api/v1/patients/", b"<x/>", content_type="application/xml")
    assert (xml.status_code, xml.json()["error"]["code"]) == (415, "unsupported_media_type")


def test_lists_page_by_cursor_newest_first_and_are_audited_once_a_page(api, clinic):
    made = [str(factories.make_patient(clinic, identifier=f"Q-{n}").pk) for n in range(5)]
    seen, address = [], "/api/v1/patients/?page_size=2"
    while address:
        page = api.get(address).json()
        seen += [row["id"] for row in page["results"]]
        address = page["next"]
    assert seen == made[::-1]
    assert AuditEvent.objects.filter(action="patients.listed").count() == 3
    assert [row["identifier"] for row in api.get("/api/v1/patients/?query=q-3").json()["results"]] == ["Q-3"]


def test_a_session_is_opened_steered_ended_and_moved(api, clinic):
    patient, right_one = factories.make_patient(clinic), factories.make_patient(clinic)
    opened = api.post("/api/v1/sessions/", {"patient": str(patient.pk), "site": "erb"}, format="json")
    assert opened.status_code == 201
    address = f"/api/v1/sessions/{opened.json()['id']}/"
    assert (opened.json()["site"], opened.json()["is_open"]) == ("erb", True)
    assert api.patch(address, {"target_s": 20}, format="json").json()["target_s"] == 20
    bad = api.patch(address, {"site": "knee"}, format="json")
    assert bad.json()["error"]["code"] == "request.invalid"
    moved = api.post(f"{address}move/", {"patient": str(right_one.pk)}, format="json")
    assert moved.json()["patient"] == str(right_one.pk)
    assert api.post(f"{address}end/").json()["is_open"] is False
    late = api.patch(address, {"site": "aortic"}, format="json")
    assert (late.status_code, late.json()["error"]["code"]) == (409, "session.ended")


def test_sessions_are_filtered_and_newest_first(api, clinic):
    first, second = factories.make_session(clinic), factories.make_session(clinic)
    RecordingSession.objects.filter(pk=first.pk).update(ended_at="2026-01-01T00:00Z")

    def ids(query: str) -> list[str]:
        return [row["id"] for row in api.get(f"/api/v1/sessions/{query}").json()["results"]]

    assert ids("") == [str(second.pk), str(first.pk)]
    assert ids("?is_open=true") == [str(second.pk)]
    assert ids("?is_open=false") == [str(first.pk)]
    assert ids(f"?patient={first.patient_id}") == [str(first.pk)]
    assert api.get("/api/v1/sessions/?patient=5").status_code == 400


def test_a_patient_of_another_clinic_is_no_one(api, stranger):
    theirs = factories.make_patient(stranger.active_clinic)
    assert api.post("/api/v1/sessions/", {"patient": str(theirs.pk)}, format="json").status_code == 404
    assert api.get(f"/api/v1/sessions/?patient={theirs.pk}").status_code == 404
