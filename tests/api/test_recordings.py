from __future__ import annotations

import hashlib
import uuid

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.api.throttling import UploadThrottle
from recordings.audio_streams import wav_header
from recordings.models import Consent, Recording
from tests import factories
from tests.recordings.files import encoded, heartbeat, riff, wav
from tests.recordings.test_audio import body
from tests.recordings.test_uploads import stored_names


@pytest.fixture
def session(clinic):
    return factories.make_session(clinic, site="mitral")


def upload(api, content: bytes, headers: dict | None = None, content_type: str = "audio/wav", **fields):
    file = SimpleUploadedFile("heart.wav", content, content_type=content_type)
    data = {"file": file, "consent_attested": "true", **fields}
    return api.post("/api/v1/recordings/", data, format="multipart", headers=headers or {})


def test_a_file_is_uploaded_listed_and_heard(api, session):
    content = wav(heartbeat())
    response = upload(api, content, session=str(session.pk), posture="supine")
    assert response.status_code == 201
    made = response.json()
    assert made["source_sha256"] == hashlib.sha256(content).hexdigest()
    assert (made["take"], made["status"], made["site"], made["posture"]) == (1, "stored", "mitral", "supine")
    assert (made["n_samples"], made["sample_rate_hz"], made["duration_s"]) == (32000, 8000, 4.0)
    assert made["patient"] == str(session.patient_id)
    assert made["track_settings"]["file"]["channel_weights"] == [1.0]
    assert api.get("/api/v1/recordings/").json()["results"] == [made]
    assert api.get(f"/api/v1/recordings/{made['id']}/").json() == made

    sound = body(api.get(made["audio"] + "?encoding=wav"))
    assert sound[:44] == wav_header(32000, 8000)
    assert hashlib.sha256(sound[44:]).hexdigest() == made["pcm_sha256"]
    part = api.get(made["audio"], headers={"Range": "bytes=0-3"})
    assert part.status_code == 206
    assert body(part) == b"fLaC"
    assert api.get(made["audio"], headers={"Range": "bytes=99999999-"}).status_code == 416
    assert api.get(made["audio"] + "?encoding=mp3").status_code == 400


def test_a_patient_is_enough_and_both_are_too_many(api, session):
    made = upload(api, wav(heartbeat()), patient=str(session.patient_id)).json()
    assert made["session"] != str(session.pk)
    both = upload(api, wav(heartbeat()), patient=str(session.patient_id), session=str(session.pk))
    neither = upload(api, wav(heartbeat()))
    for response in (both, neither):
        assert (response.status_code, response.json()["error"]["code"]) == (400, "request.invalid")


@pytest.mark.parametrize(
    ("content", "fields", "refusal"),
    [
        (b"", {}, (400, "upload.empty")),
        (b"hello " * 50, {}, (415, "upload.not_audio")),
        (b"%PDF-1.7", {}, (415, "upload.wrong_type")),
        (wav(heartbeat()), {"content_type": "text/html"}, (415, "upload.wrong_type")),
        (wav(heartbeat())[:33], {}, (400, "upload.bad_header")),
        (riff(b"\0\0" * 8000, claims=2**31 - 1), {}, (400, "upload.truncated")),
        (encoded(np.zeros(3 * 3600 * 1000, np.int16), 1000, "FLAC"), {}, (400, "upload.too_long")),
        (wav(heartbeat()[:80]), {}, (400, "upload.too_short")),
        (wav(heartbeat() + np.inf, subtype="FLOAT"), {}, (400, "upload.not_finite")),
        (wav(np.stack([heartbeat()] * 8, axis=1)), {}, (400, "upload.too_many_channels")),
        (b"OggS" + bytes(900), {}, (400, "upload.undecodable")),
        (wav(heartbeat()), {"consent_attested": "false"}, (400, "upload.consent")),
    ],
)
def test_a_bad_file_has_a_code_and_leaves_nothing(api, session, content, fields, refusal):
    before = stored_names()
    response = upload(api, content, session=str(session.pk), **fields)
    assert (response.status_code, response.json()["error"]["code"]) == refusal
    assert stored_names() == before
    assert not Recording.objects.exists()
    assert not Consent.objects.exists()


def test_an_upload_comes_as_a_form(api, session):
    response = api.post("/api/v1/recordings/", {"session": str(session.pk)}, format="json")
    assert (response.status_code, response.json()["error"]["code"]) == (415, "unsupported_media_type")
    missing = api.post("/api/v1/recordings/", {"session": str(session.pk)}, format="multipart")
    assert missing.json()["error"]["fields"]["file"]


def test_ones_own_number_makes_sending_twice_harmless(api, session):
    number = str(uuid.uuid4())
    first = upload(api, wav(heartbeat()), session=str(session.pk), id=number)
    again = upload(api, wav(heartbeat()), session=str(session.pk), id=number)
    assert first.json() == again.json()
    other = upload(api, wav(heartbeat(5)), session=str(session.pk), id=number)
    assert (other.status_code, other.json()["error"]["code"]) == (409, "upload.other_recording")
    assert Recording.objects.count() == 1


def test_deleting_hides_and_restoring_undoes(api, session):
    made = upload(api, wav(heartbeat()), session=str(session.pk)).json()
    address = f"/api/v1/recordings/{made['id']}/"
    assert api.delete(address).status_code == 204
    assert api.get(address).status_code == 404
    assert api.get(made["audio"]).status_code == 404
    assert api.get("/api/v1/recordings/").json()["results"] == []
    assert api.post(f"{address}restore/").status_code == 200
    assert api.get(address).status_code == 200


def test_recordings_are_filtered(api, session, clinic):
    other = factories.make_recording(factories.make_session(clinic), site="erb", source="upload")
    mine = factories.make_recording(session, site="mitral")

    def ids(query: str) -> list[str]:
        return [row["id"] for row in api.get(f"/api/v1/recordings/?{query}").json()["results"]]

    assert ids("") == [str(mine.pk), str(other.pk)]
    assert ids("site=erb") == [str(other.pk)]
    assert ids("source=phone") == [str(mine.pk)]
    assert ids(f"session={session.pk}") == [str(mine.pk)]
    assert ids(f"patient={session.patient_id}") == [str(mine.pk)]
    assert ids("since=2100-01-01T00:00:00Z") == []
    assert ids("until=2100-01-01T00:00:00Z") == [str(mine.pk), str(other.pk)]
    assert api.get("/api/v1/recordings/?site=knee").status_code == 400


def test_uploads_have_a_rate_of_their_own(api, session, monkeypatch):
    monkeypatch.setattr(UploadThrottle, "rate", "2/min")
    codes = [upload(api, b"", session=str(session.pk)).status_code for _ in range(3)]
    assert codes == [400, 400, 429]
    assert api.get("/api/v1/recordings/").status_code == 200


@pytest.mark.parametrize("name", ["patients", "sessions", "recordings"])
def test_a_page_costs_the_same_queries_however_many_rows(api, clinic, name, django_assert_max_num_queries):
    for _ in range(12):
        factories.make_recording(factories.make_session(clinic))
    with django_assert_max_num_queries(8):
        assert len(api.get(f"/api/v1/{name}/").json()["results"]) == 12
