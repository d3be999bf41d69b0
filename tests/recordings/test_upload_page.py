from __future__ import annotations

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from recordings import hooks
from recordings.models import Patient, Recording, RecordingSession
from tests import factories
from tests.recordings.files import heartbeat, wav


@pytest.fixture(autouse=True)
def _nobody_listens(monkeypatch):
    monkeypatch.setattr(hooks, "_listeners", [])


@pytest.fixture
def page(client, clinician):
    client.force_login(clinician)
    return client


def form(content: bytes | None = None, **fields) -> dict:
    content = wav(heartbeat()) if content is None else content
    file = SimpleUploadedFile("heart.wav", content, content_type="audio/wav")
    return {"file": file, "consent": "on", "recording": str(uuid.uuid4()), **fields}


def test_the_page_offers_file_consent_and_samples(page):
    response = page.get(reverse("recordings:upload"))
    text = response.content.decode()
    assert response.status_code == 200
    assert ">Analyze</button>" in text
    assert "has given consent" in text
    assert text.count('name="record" value=') == 12
    assert "labelled abnormal" in text
    assert "no-store" in response["Cache-Control"]


def test_a_file_without_a_patient_waits_unassigned_and_leads_to_its_recording(page, clinic):
    response = page.post(reverse("recordings:upload"), form())
    recording = Recording.objects.get()
    assert response.status_code == 302
    assert response["Location"] == reverse("analysis:recording", args=[recording.pk])
    assert recording.session.patient.identifier == "UNASSIGNED"
    page.post(reverse("recordings:upload"), form())
    assert Patient.objects.filter(clinic=clinic).count() == 1
    assert RecordingSession.objects.count() == 2, "each can be moved to its own patient"


def test_a_session_or_a_patient_in_the_address_receives_it(page, clinic):
    session = factories.make_session(clinic, site="erb")
    address = f"{reverse('recordings:upload')}?session={session.pk}"
    assert session.patient.identifier in page.get(address).content.decode()
    page.post(address, form(site="erb"))
    assert Recording.objects.get(session=session).site == "erb"
    ended = factories.make_session(clinic, ended_at="2026-01-01T00:00Z")
    page.post(f"{reverse('recordings:upload')}?session={ended.pk}", form())
    assert ended.patient.sessions.count() == 2
    patient = factories.make_patient(clinic)
    page.post(f"{reverse('recordings:upload')}?patient={patient.pk}", form())
    assert Recording.objects.filter(session__patient=patient).count() == 1


def test_a_patient_is_named_by_identifier(page, clinic):
    patient = factories.make_patient(clinic, identifier="P-Abc")
    page.post(reverse("recordings:upload"), form(patient=" p-abc "))
    assert Recording.objects.get().session.patient == patient


def test_a_refusal_is_shown_in_place_with_its_code(page):
    response = page.post(reverse("recordings:upload"), form(b"hello", patient="", site="mitral"))
    text = response.content.decode()
    assert response.status_code == 415
    assert "upload.not_audio" in text
    assert "There is no sound in this file" in text
    assert '<option value="mitral" selected>' in text


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"consent": ""}, 400, "upload.consent"),
        ({"patient": "nobody"}, 400, "upload.unknown_patient"),
        ({"site": "knee"}, 400, "upload.form"),
        ({"file": ""}, 400, "upload.missing"),
        ({"file": SimpleUploadedFile("x.wav", b"")}, 400, "upload.missing"),
    ],
)
def test_scripts_get_refusals_as_json(page, fields, status, code):
    response = page.post(reverse("recordings:upload"), form(**fields), headers={"Accept": "application/json"})
    assert response.status_code == status
    assert response.json()["error"]["code"] in (code, "upload.empty")
    assert not Recording.objects.exists()


def test_scripts_get_the_address_of_the_recording(page):
    response = page.post(reverse("recordings:upload"), form(), headers={"Accept": "application/json"})
    recording = Recording.objects.get()
    assert response.status_code == 201
    assert response.json()["url"] == reverse("analysis:recording", args=[recording.pk])


def test_a_demo_sample_is_one_click(page):
    response = page.post(reverse("recordings:upload_demo"), {"record": "c0001"})
    recording = Recording.objects.get()
    assert response["Location"] == reverse("analysis:recording", args=[recording.pk])
    assert recording.true_label == "abnormal"


def test_who_may_upload(client, clinic, reviewer, stranger):
    session = factories.make_session(clinic)
    address = f"{reverse('recordings:upload')}?session={session.pk}"
    assert client.get(address).status_code == 302
    client.force_login(reviewer)
    assert client.get(address).status_code == 403
    assert client.post(reverse("recordings:upload_demo"), {"record": "c0001"}).status_code == 403
    client.force_login(stranger)
    assert client.get(address).status_code == 404
    assert client.post(address, form()).status_code == 404
    assert client.get(f"{reverse('recordings:upload')}?session=5").status_code == 404
    assert not Recording.objects.exists()
