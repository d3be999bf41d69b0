"""Beginning and filing a recording, and what happens to one that was left behind."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import pytest
from django.utils import timezone

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from accounts.models import AuditEvent
from recordings import hooks
from recordings import protocol as wire
from recordings.audio_store import audio_name, read_pcm, read_samples
from recordings.models import Recording
from recordings.protocol import Frame
from recordings.services import capture, pairing, phones
from recordings.services.capture import begin_take, finish_take
from recordings.spool import get_spool, reset_spool
from recordings.sweeper import RESTART_GRACE_S, RESUME_GRACE_S, Sweeper
from tests import factories
from tests.sockets import sound

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("spool", "no_wrong_codes"),
]

TIMEOUT_S = 20
CHILD = Path(__file__).with_name("spool_child.py")
SYSTEM = Actor.system()


@pytest.fixture
def heard(monkeypatch):
    stored = []
    monkeypatch.setattr(hooks, "_listeners", [stored.append])
    return stored


@pytest.fixture
def session(clinic):
    return factories.make_session(clinic)


@pytest.fixture
def phone(session, clinician, heard):
    """A phone that was let in and whose owner agreed."""
    ticket = pairing.issue_pairing(session=session, by=Actor.of_user(clinician))
    hello = wire.Hello(versions=(1,), token=ticket.token)
    connection = phones.open_connection(hello=hello, address="192.0.2.1")
    consent = wire.GiveConsent("2026-11", "en", "patient", agree=True, research=False)
    phones.give_consent(connection=connection, consent=consent)
    return connection


def record(phone, n_frames: int = 3, *, first_seq: int = 0, recording: UUID | None = None) -> UUID:
    """Frames of a new take (or more of one), on disk."""
    if recording is None:
        recording = uuid4()
        begin_take(connection=phone, start=wire.Start(recording=recording))
    for seq in range(first_seq, first_seq + n_frames):
        pending = get_spool().append(recording, Frame(1, seq, seq * 800, sound(seq)))
    pending.result(TIMEOUT_S)
    return recording


def say_stop(recording: UUID, n_frames: int) -> None:
    digest = hashlib.sha256(b"".join(sound(seq) for seq in range(n_frames))).hexdigest()
    get_spool().stop(recording, {"sha256": digest}).result(TIMEOUT_S)


def restart() -> None:
    """The process ends and another begins."""
    reset_spool()
    get_spool()


def finish(phone, recording: UUID) -> wire.Stored:
    return finish_take(recording_id=recording, session_id=phone.session_id, by=phone.by)


def test_filing_twice_gives_one_recording_and_the_same_answer(phone, heard):
    recording = record(phone)
    say_stop(recording, 3)
    first = finish(phone, recording)
    assert finish(phone, recording) == first
    assert len(heard) == 1
    assert AuditEvent.objects.filter(action="recording.stored").count() == 1


def test_the_sound_lies_under_clinic_and_recording(phone, clinic, media):
    recording = record(phone)
    say_stop(recording, 3)
    finish(phone, recording)
    row = Recording.objects.get(pk=recording)
    assert row.audio.name == audio_name(row) == f"recordings/{clinic.pk}/{recording}.flac"
    assert row.audio_bytes == (media / row.audio.name).stat().st_size
    assert row.pcm_sha256 == hashlib.sha256(b"".join(sound(seq) for seq in range(3))).hexdigest()


def test_samples_are_read_as_floats_at_their_rate(phone):
    recording = record(phone)
    finish(phone, recording)
    samples, fs_hz = read_samples(Recording.objects.get(pk=recording))
    assert (samples.dtype, samples.shape, fs_hz) == (np.float32, (2400,), 8000)
    assert samples[1] == pytest.approx(1 / 32768)


def test_no_start_without_consent(session, clinician, heard):
    ticket = pairing.issue_pairing(session=session, by=Actor.of_user(clinician))
    hello = wire.Hello(versions=(1,), token=ticket.token)
    connection = phones.open_connection(hello=hello, address="192.0.2.1")
    recording = uuid4()
    with pytest.raises(HeartSiteError, match=r"consent\.required"):
        begin_take(connection=connection, start=wire.Start(recording=recording))
    assert not Recording.objects.exists()


def test_a_consent_attested_for_an_upload_is_none_for_the_phone(session, clinician, heard):
    factories.make_consent(session, giver="attested")
    ticket = pairing.issue_pairing(session=session, by=Actor.of_user(clinician))
    hello = wire.Hello(versions=(1,), token=ticket.token)
    assert phones.open_connection(hello=hello, address="192.0.2.1").grant.consent is None


def test_a_withdrawn_consent_counts_no_more(phone, session):
    session.consents.update(withdrawn_at=timezone.now())
    with pytest.raises(HeartSiteError, match=r"consent\.required"):
        begin_take(connection=phone, start=wire.Start(recording=uuid4()))


def test_an_unknown_site_is_refused(phone):
    with pytest.raises(HeartSiteError, match=r"recording\.site"):
        begin_take(connection=phone, start=wire.Start(recording=uuid4(), site="elbow"))


def test_a_start_may_be_repeated_while_its_recording_is_open(phone):
    recording = record(phone, 2)
    again = begin_take(connection=phone, start=wire.Start(recording=recording))
    assert again.ledger.next_seq == 2
    assert Recording.objects.count() == 1


def test_a_finished_recording_cannot_be_started_again(phone):
    recording = record(phone)
    finish(phone, recording)
    with pytest.raises(HeartSiteError, match=r"recording\.taken"):
        begin_take(connection=phone, start=wire.Start(recording=recording))


def test_a_listener_that_fails_does_not_undo_the_filing(phone, monkeypatch):
    def broken(recording):
        raise RuntimeError("no model")

    monkeypatch.setattr(hooks, "_listeners", [broken])
    recording = record(phone)
    assert finish(phone, recording).samples == 2400
    assert Recording.objects.get(pk=recording).is_stored
    restart()
    assert get_spool().unfiled() == []


def test_if_the_row_fails_the_journal_keeps_the_sound(phone, monkeypatch):
    recording = record(phone)
    say_stop(recording, 3)
    with monkeypatch.context() as broken:
        broken.setattr(Recording, "save", lambda self, **kw: (_ for _ in ()).throw(RuntimeError("database")))
        with pytest.raises(RuntimeError):
            finish(phone, recording)
    assert Recording.objects.get(pk=recording).status == Recording.Status.RECEIVING
    assert finish(phone, recording).match
    assert np.array_equal(
        read_pcm(Recording.objects.get(pk=recording)),
        np.frombuffer(b"".join(sound(seq) for seq in range(3)), "<i2"),
    )


# Sweeping.


def test_a_recording_with_a_phone_on_the_line_is_left_alone(phone):
    sweeper, recording = Sweeper(), record(phone)
    sweeper.attach(recording)
    sweeper.sweep(now_s=1e9)
    assert not Recording.objects.get(pk=recording).is_stored


def test_a_phone_may_stay_away_for_a_while(phone):
    sweeper, recording = Sweeper(), record(phone)
    sweeper.attach(recording)
    sweeper.detach(recording, may_return=True, now_s=100.0)
    sweeper.sweep(now_s=100.0 + RESUME_GRACE_S - 1)
    assert not Recording.objects.get(pk=recording).is_stored
    sweeper.sweep(now_s=100.0 + RESUME_GRACE_S)
    assert Recording.objects.get(pk=recording).status == Recording.Status.PARTIAL


def test_a_phone_that_comes_back_in_time_keeps_its_recording_open(phone):
    sweeper, recording = Sweeper(), record(phone)
    sweeper.attach(recording)
    sweeper.detach(recording, may_return=True, now_s=100.0)
    sweeper.attach(recording)
    sweeper.sweep(now_s=1e9)
    assert not Recording.objects.get(pk=recording).is_stored


def test_two_connections_of_one_recording_count_as_two(phone):
    sweeper, recording = Sweeper(), record(phone)
    sweeper.attach(recording)
    sweeper.attach(recording)
    sweeper.detach(recording, may_return=True, now_s=100.0)
    sweeper.sweep(now_s=1e9)
    assert not Recording.objects.get(pk=recording).is_stored


def test_after_a_restart_a_stopped_recording_is_filed_at_once(phone, heard):
    recording = record(phone)
    say_stop(recording, 3)
    restart()
    Sweeper().sweep(now_s=0.0)
    row = Recording.objects.get(pk=recording)
    assert (row.status, row.hash_matches) == (Recording.Status.STORED, True)
    assert [one.pk for one in heard] == [recording]
    assert AuditEvent.objects.get(action="recording.stored").actor_kind == "system"


def test_after_a_restart_an_unstopped_recording_waits_for_its_phone(phone):
    recording = record(phone)
    restart()
    sweeper = Sweeper()
    sweeper.sweep(now_s=0.0)
    assert phones._open_take(phone.pairing).ledger.next_seq == 3
    record(phone, 2, first_seq=3, recording=recording)
    sweeper.sweep(now_s=RESTART_GRACE_S)
    row = Recording.objects.get(pk=recording)
    assert (row.status, row.n_samples, row.gaps) == (Recording.Status.PARTIAL, 4000, [])


def test_a_failed_filing_is_tried_again_less_and_less_often(phone, monkeypatch, caplog):
    recording = record(phone)
    say_stop(recording, 3)
    tries = []

    def no_storage(*args, **kwargs):
        tries.append(1)
        raise OSError("the storage is away")

    sweeper = Sweeper()
    with monkeypatch.context() as broken:
        broken.setattr(capture, "store_audio", no_storage)
        for now_s in (0.0, 4.0, 5.0, 14.0, 15.0):
            sweeper.sweep(now_s=now_s)
    assert len(tries) == 3
    sweeper.sweep(now_s=100.0)
    assert Recording.objects.get(pk=recording).is_stored


def test_a_recording_that_was_purged_stays_erased(phone, settings):
    recording = record(phone)
    Recording.objects.filter(pk=recording).delete()
    sweeper = Sweeper()
    sweeper.sweep(now_s=0.0)
    sweeper.sweep(now_s=1e9)
    reset_spool()
    assert list(settings.SPOOL_DIR.rglob("*.hsj")) == []


def test_a_take_without_sound_fails_in_the_end(phone, heard):
    recording = uuid4()
    begin_take(connection=phone, start=wire.Start(recording=recording))
    restart()
    Recording.objects.update(started_at=timezone.now() - timedelta(minutes=11))
    Sweeper().sweep(now_s=0.0)
    row = Recording.objects.get(pk=recording)
    assert (row.status, row.failure_code) == (Recording.Status.FAILED, "recording.empty")
    assert heard == []


def test_every_acknowledged_sample_is_in_the_recording_after_sigkill(phone, settings):
    """The process that receives is killed in mid-stream; the next one files what was acknowledged."""
    recording = uuid4()
    begin_take(connection=phone, start=wire.Start(recording=recording))
    reset_spool()
    child = subprocess.Popen(
        [sys.executable, str(CHILD), str(settings.SPOOL_DIR), str(recording)],
        stdout=subprocess.PIPE,
        text=True,
    )
    acknowledged = -1
    try:
        for line in child.stdout:
            acknowledged = int(line.split()[1])
            if acknowledged > 40:
                break
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.communicate()

    sweeper = Sweeper()
    sweeper.sweep(now_s=0.0)
    sweeper.sweep(now_s=RESTART_GRACE_S)
    row = Recording.objects.get(pk=recording)
    assert row.status == Recording.Status.PARTIAL
    pcm = read_pcm(row)
    assert acknowledged > 40
    assert len(pcm) >= (acknowledged + 1) * 800
    for seq in range(acknowledged + 1):
        value = int.from_bytes((seq * 7919 % 30_000).to_bytes(2, "little"), "little", signed=True)
        assert (pcm[seq * 800 : (seq + 1) * 800] == value).all()
