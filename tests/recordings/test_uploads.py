from __future__ import annotations

import hashlib
import threading
import uuid
from contextlib import nullcontext

import numpy as np
import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from accounts.models import AuditEvent
from recordings import decode, hooks
from recordings.audio_store import read_pcm
from recordings.demo import demo_samples
from recordings.models import Consent, Patient, Recording, RecordingSession
from recordings.services import uploads
from recordings.services.uploads import store_demo_sample, store_upload
from tests import factories
from tests.recordings.files import encoded, heartbeat, riff, wav


def stored_names(folder: str = "") -> set[str]:
    """Every file in the storage."""
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return set()
    names = {f"{folder}/{name}" for name in files}
    return names.union(*(stored_names(f"{folder}/{name}" if folder else name) for name in folders))


@pytest.fixture
def session(clinic):
    return factories.make_session(clinic, site="mitral", posture="supine")


@pytest.fixture
def told(monkeypatch):
    """Recordings that the hook told of; nobody else listens."""
    heard = []
    monkeypatch.setattr(hooks, "_listeners", [heard.append])
    return heard


def upload(by, content: bytes, **more) -> Recording:
    name = more.pop("name", "heart.wav")
    return store_upload(
        **{"file": ContentFile(content, name=name), "by": Actor.of_user(by), "consent_attested": True, **more}
    )


def test_a_file_becomes_the_next_take_with_its_hashes(
    clinician, session, told, django_capture_on_commit_callbacks
):
    content = wav(heartbeat())
    with django_capture_on_commit_callbacks(execute=True):
        first = upload(clinician, content, session=session, name="C:\\Ruiz\\apex.wav")
        second = upload(clinician, encoded(heartbeat(3, 2000), 2000, "FLAC"), session=session, site="aortic")
    recording = Recording.objects.get(pk=first.pk)
    assert (recording.take, second.take) == (1, 2)
    assert (recording.source, recording.status) == ("upload", "stored")
    assert (recording.site, recording.posture, second.site) == ("mitral", "supine", "aortic")
    assert recording.source_name == "apex.wav"
    assert recording.source_sha256 == hashlib.sha256(content).hexdigest()
    with recording.source_file.open() as kept:
        assert kept.read() == content
    pcm = read_pcm(recording)
    assert recording.pcm_sha256 == hashlib.sha256(pcm.tobytes()).hexdigest()
    assert (recording.sample_rate_hz, recording.n_samples, len(pcm)) == (8000, 32000, 32000)
    assert recording.track_settings["file"]["channels"] == 1
    assert recording.consent.giver == Consent.Giver.ATTESTED
    assert recording.consent.attested_by == clinician
    assert recording.created_by == clinician
    assert {r.pk for r in told} == {first.pk, second.pk}
    actions = AuditEvent.objects.filter(clinic_id=session.clinic_id).values_list("action", flat=True)
    assert sorted(actions) == ["consent.attested"] * 2 + ["recording.stored"] * 2
    assert "Ruiz" not in str(list(AuditEvent.objects.values()))


def test_a_patient_gets_a_session_that_ends_with_the_upload(clinician, clinic, told):
    patient = factories.make_patient(clinic)
    recording = upload(clinician, wav(heartbeat()), patient=patient)
    assert recording.session.patient == patient
    assert recording.take == 1
    assert not RecordingSession.objects.get(pk=recording.session_id).is_open


def test_the_same_number_and_bytes_are_the_same_recording(clinician, session, told):
    number, content = uuid.uuid4(), wav(heartbeat())
    first = upload(clinician, content, session=session, recording_id=number)
    before = stored_names()
    again = upload(clinician, content, session=session, recording_id=number)
    assert again == first
    assert Recording.objects.count() == 1
    assert stored_names() == before
    for other in ({"content": wav(heartbeat(5))}, {"session": factories.make_session(session.clinic)}):
        with pytest.raises(HeartSiteError) as error:
            upload(clinician, **{"content": content, "session": session, "recording_id": number, **other})
        assert error.value.code == "upload.other_recording"
    assert stored_names() == before


@pytest.mark.django_db(transaction=True)
def test_two_sendings_at_once_store_once(told):
    clinic = factories.make_clinic()
    clinician, session = factories.make_user(clinic), factories.make_session(clinic)
    number, content, results = uuid.uuid4(), wav(heartbeat()), []

    def send():
        results.append(upload(clinician, content, session=session, recording_id=number).pk)
        connection.close()

    before = stored_names()
    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [number] * 3
    recording = Recording.objects.get()
    assert stored_names() - before == {recording.audio.name, recording.source_file.name}
    assert len(read_pcm(recording)) == 32000
    assert [r.pk for r in told] == [number]


def test_another_process_may_file_the_same_recording_first(clinician, session, told, monkeypatch):
    """Turns are taken within one process only; between processes the database decides."""
    number, content, decode_really = uuid.uuid4(), wav(heartbeat()), decode.decode
    monkeypatch.setattr(uploads, "one_at_a_time", lambda recording_id: nullcontext())

    def overtaken(file, **details):
        monkeypatch.setattr(decode, "decode", decode_really)
        upload(clinician, content, session=session, recording_id=number)
        file.seek(0)
        return decode_really(file, **details)

    monkeypatch.setattr(decode, "decode", overtaken)
    before = stored_names()
    late = upload(clinician, content, session=session, recording_id=number)
    kept = Recording.objects.get()
    assert late == kept
    assert stored_names() - before == {kept.audio.name, kept.source_file.name}
    assert len(read_pcm(kept)) == 32000


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "upload.empty"),
        (b"a note about the patient", "upload.not_audio"),
        (b"%PDF-1.4", "upload.wrong_type"),
        (wav(heartbeat())[:30], "upload.bad_header"),
        (riff(b"\0\0" * 8000, claims=2**31 - 1), "upload.truncated"),
        (wav(heartbeat()[:0]), "upload.too_short"),
        (encoded(np.zeros(3 * 3600 * 1000, np.int16), 1000, "FLAC"), "upload.too_long"),
        (wav(heartbeat() * np.nan, subtype="FLOAT"), "upload.not_finite"),
        (wav(np.stack([heartbeat()] * 8, axis=1)), "upload.too_many_channels"),
        (wav(heartbeat(1.5, 250_000), 250_000), "upload.sample_rate"),
        (b"fLaC" + bytes(500), "upload.undecodable"),
    ],
)
def test_a_refused_file_leaves_nothing_behind(clinician, session, told, content, code):
    before, rows = stored_names(), AuditEvent.objects.count()
    patient = factories.make_patient(session.clinic)
    for where in ({"session": session}, {"patient": patient}):
        with pytest.raises(HeartSiteError) as error:
            upload(clinician, content, **where)
        assert error.value.code == code
    assert stored_names() == before
    assert AuditEvent.objects.count() == rows
    assert not Recording.objects.exists()
    assert not Consent.objects.exists()
    assert not patient.sessions.exists()
    assert told == []


def test_a_file_over_the_limit_is_refused_before_it_is_read(clinician, session, settings, monkeypatch):
    settings.MAX_UPLOAD_BYTES = 1024 * 1024
    monkeypatch.setattr(decode, "decode", None)
    with pytest.raises(HeartSiteError) as error:
        upload(clinician, bytes(1024 * 1024 + 1), session=session)
    assert (error.value.code, error.value.http_status) == ("upload.too_large", 413)
    assert "1 MB" in error.value.message


def test_consent_is_asked_before_anything_else(clinician, session):
    with pytest.raises(HeartSiteError) as error:
        upload(clinician, wav(heartbeat()), session=session, consent_attested=False)
    assert error.value.code == "upload.consent"


def test_an_ended_session_takes_no_more(clinician, session, django_assert_num_queries):
    RecordingSession.objects.filter(pk=session.pk).update(ended_at="2026-01-01T00:00Z")
    before = stored_names()
    with pytest.raises(HeartSiteError) as error:
        upload(clinician, wav(heartbeat()), session=session)
    assert error.value.code == "upload.session_ended"
    assert stored_names() == before


def test_only_those_who_may_record_in_this_clinic(session, reviewer, stranger):
    for person in (reviewer, stranger):
        with pytest.raises(PermissionDenied):
            upload(person, wav(heartbeat()), session=session)
    assert not Recording.objects.exists()


def test_a_failure_while_filing_removes_the_files(clinician, session, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    before = stored_names()
    monkeypatch.setattr(uploads, "record_event", full)
    with pytest.raises(OSError, match="No space"):
        upload(clinician, wav(heartbeat()), session=session)
    assert stored_names() == before
    assert not Recording.objects.exists()


def test_a_failing_listener_does_not_lose_the_recording(
    clinician, session, monkeypatch, django_capture_on_commit_callbacks
):
    def broken(recording):
        raise RuntimeError("no model")

    monkeypatch.setattr(hooks, "_listeners", [broken])
    with django_capture_on_commit_callbacks() as callbacks:
        recording = upload(clinician, wav(heartbeat()), session=session)
    assert len(callbacks) == 1
    recording.refresh_from_db()
    assert recording.is_stored
    assert len(read_pcm(recording)) == 32000


@pytest.mark.django_db(transaction=True)
def test_the_commit_stands_when_a_listener_fails(monkeypatch, caplog):
    def broken(recording):
        raise RuntimeError("no model")

    monkeypatch.setattr(hooks, "_listeners", [broken])
    clinic = factories.make_clinic()
    recording = upload(factories.make_user(clinic), wav(heartbeat()), session=factories.make_session(clinic))
    assert Recording.objects.get(pk=recording.pk).is_stored
    assert "no model" in caplog.text


def test_a_demo_sample_goes_to_the_demo_patient_with_its_label(clinician, clinic, told):
    recording = store_demo_sample(record="a0308", by=Actor.of_user(clinician))
    assert (recording.source, recording.true_label, recording.sample_rate_hz) == ("demo", "abnormal", 2000)
    assert recording.session.patient.identifier == "DEMO"
    assert recording.consent is None
    again = store_demo_sample(record="b0434", by=Actor.of_user(clinician))
    assert again.true_label == "normal"
    assert Patient.objects.filter(clinic=clinic).count() == 1


def test_no_demo_sample_lies_in_a_patients_record(clinician, session):
    with pytest.raises(HeartSiteError) as error:
        store_demo_sample(record="a0308", by=Actor.of_user(clinician), session=session)
    assert error.value.code == "upload.demo_session"
    with pytest.raises(HeartSiteError) as error:
        store_demo_sample(record="../../manage", by=Actor.of_user(clinician))
    assert error.value.code == "upload.unknown_sample"
    assert not Recording.objects.exists()


def test_the_samples_are_what_their_list_says():
    samples = demo_samples()
    assert len(samples) == 12
    assert {s.database for s in samples} == set("abcdef")
    for sample in samples:
        assert hashlib.sha256(sample.path.read_bytes()).hexdigest() == sample.sha256
        assert sample.label in ("normal", "abnormal")


def test_the_labels_are_those_of_the_data_set(physionet):
    for sample in demo_samples():
        reference = (physionet / f"training-{sample.database}" / "REFERENCE.csv").read_text().split()
        value = dict(line.split(",") for line in reference)[sample.record]
        assert sample.label == {"1": "abnormal", "-1": "normal"}[value]
