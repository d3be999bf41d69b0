"""The phone's socket, through the whole application."""

from __future__ import annotations

import errno
import json
from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import numpy as np
import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from accounts.actors import Actor
from accounts.models import AuditEvent
from recordings import capture_machine, hooks
from recordings.audio_store import read_pcm
from recordings.consumers import capture as capture_socket
from recordings.models import Consent, Pairing, Recording
from recordings.services.pairing import issue_pairing, revoke_pairing
from recordings.services.sessions import end_session
from recordings.spool import store
from recordings.spool.files import Segment
from recordings.sweeper import Sweeper
from tests import factories
from tests.sockets import Phone, open_socket, sound

pytestmark = pytest.mark.django_db(transaction=True)

PATH = "/ws/capture/"


@pytest.fixture
def heard(monkeypatch):
    """Recordings that others were told of."""
    stored = []
    monkeypatch.setattr(hooks, "_listeners", [stored.append])
    return stored


@pytest.fixture
def sweeper(monkeypatch):
    """Sweeps when a test says so."""
    ours = Sweeper()
    monkeypatch.setattr(ours, "start", lambda: None)
    monkeypatch.setattr(capture_socket, "sweeper", ours)
    return ours


@pytest.fixture
def world(spool, heard, sweeper, no_wrong_codes):
    """Nothing of this test is seen by another."""


@pytest.fixture
def session(clinic, clinician):
    return factories.make_session(clinic, opened_by=clinician, site="mitral")


@pytest.fixture
def ticket(session, clinician, world):
    return issue_pairing(session=session, by=Actor.of_user(clinician))


def pcm_of(n_frames: int) -> np.ndarray:
    return np.frombuffer(b"".join(sound(seq) for seq in range(n_frames)), "<i2")


async def db(function, *args, **kwargs):
    return await sync_to_async(function)(*args, **kwargs)


async def recording_phone(socket, ticket) -> Phone:
    phone = Phone(socket)
    await phone.hello(token=ticket.token)
    await phone.consent()
    await phone.start()
    return phone


async def test_sound_arrives_is_acknowledged_stored_and_passed_on(ticket, session, heard, clinician):
    async with open_socket(None, PATH) as socket:
        phone = Phone(socket)
        welcome = await phone.hello(token=ticket.token)
        assert welcome["version"] == 1
        assert welcome["consent"] is None
        assert welcome["resume"] is None
        assert welcome["session"]["id"] == str(session.pk)
        assert session.patient.identifier not in json.dumps(welcome)
        consented = await phone.consent(research=True)
        await phone.start(posture="supine", native_rate_hz=44_100.0)
        await phone.send_frames(20)
        assert (await phone.wait_for_ack(19))["samples"] == 16_000
        stored = await phone.stop()
    assert (stored["samples"], stored["gaps"], stored["match"]) == (16_000, [], True)

    recording = await Recording.objects.aget(pk=phone.recording)
    assert recording.status == Recording.Status.STORED
    assert (recording.take, recording.site, recording.posture) == (1, "mitral", "supine")
    assert (recording.native_rate_hz, recording.hash_matches) == (44_100, True)
    assert recording.pcm_sha256 == recording.client_sha256 == stored["sha256"]
    assert str(recording.consent_id) == consented["consent"]
    assert np.array_equal(read_pcm(recording), pcm_of(20))
    assert [one.pk for one in heard] == [recording.pk]
    actions = [event.action async for event in AuditEvent.objects.filter(actor_kind="phone").order_by("at")]
    assert actions == ["pairing.claimed", "consent.given", "recording.started", "recording.stored"]


async def test_the_journal_is_empty_when_all_is_filed(ticket, spool, settings):
    async with open_socket(None, PATH) as socket:
        phone = await recording_phone(socket, ticket)
        await phone.send_frames(3)
        await phone.stop()
    await db(spool.close)
    assert list(settings.SPOOL_DIR.rglob("*.hsj")) == []


async def test_every_take_is_kept_and_counted(ticket, session):
    async with open_socket(None, PATH) as socket:
        phone = await recording_phone(socket, ticket)
        await phone.send_frames(2)
        await phone.stop()
        phone.recording, phone.sent = uuid4(), []
        await phone.start()
        await phone.send_frames(2)
        await phone.stop()
    assert [take async for take in session.recordings.order_by("take").values_list("take", flat=True)] == [
        1,
        2,
    ]


async def test_the_short_code_opens_the_same_door(ticket, session):
    async with open_socket(None, PATH) as socket:
        welcome = await Phone(socket).hello(code=ticket.short_code.lower().replace("-", " "))
    assert welcome["session"]["id"] == str(session.pk)


@pytest.mark.parametrize(
    ("message", "error", "code"),
    [
        ("not json", "protocol.malformed", 4400),
        ('{"type":"launch"}', "protocol.unknown_type", 4400),
        ('{"type":"start","recording":"00000000-0000-0000-0000-000000000001"}', "protocol.too_early", 4400),
        (b"\1\1", "protocol.malformed", 4400),
        (b"\1\1\1\0" + bytes(16) + b"\0\0", "protocol.too_early", 4400),
        ("x" * 20_000, "protocol.too_long", 1009),
        (b"x" * 9_000, "protocol.too_long", 1009),
        ('{"type":"hello","versions":[1],"token":"wrong"}', "pairing.invalid", 4401),
        ('{"type":"hello","versions":[1],"credential":"wrong"}', "pairing.invalid", 4401),
        ('{"type":"hello","versions":[1],"code":"AAA-AAA"}', "pairing.invalid", 4401),
        ('{"type":"hello","versions":[7],"token":"x"}', "protocol.version", 4400),
    ],
)
async def test_a_bad_first_message_closes_the_socket_by_name(ticket, message, error, code):
    async with open_socket(None, PATH) as socket:
        await socket.send(message)
        closed = await socket.expect_close()
    assert (closed.code, closed.messages[-1]["code"]) == (code, error)


async def test_a_bad_phone_disturbs_nobody(ticket):
    async with open_socket(None, PATH) as socket, open_socket(None, PATH) as bad:
        phone = await recording_phone(socket, ticket)
        await bad.send(b"\0" * 9_000)
        await bad.expect_close()
        await phone.send_frames(3)
        assert (await phone.stop())["match"]


async def test_a_page_of_another_origin_is_closed(ticket):
    async with open_socket(None, PATH, origin="https://elsewhere.example") as socket:
        closed = await socket.expect_close()
    assert (closed.code, closed.messages[0]["code"]) == (4403, "protocol.origin")


async def test_a_silent_phone_is_closed(ticket, monkeypatch):
    quick = capture_machine.Limits(hello_timeout_s=0.0)
    monkeypatch.setattr(capture_socket, "LIMITS", quick)
    async with open_socket(None, PATH) as socket:
        closed = await socket.expect_close()
    assert (closed.code, closed.messages[0]["code"]) == (4408, "protocol.hello_timeout")


async def test_a_token_opens_once(ticket):
    async with open_socket(None, PATH) as first, open_socket(None, PATH) as second:
        await Phone(first).hello(token=ticket.token)
        await second.send({"type": "hello", "versions": [1], "token": ticket.token})
        assert (await second.expect_close()).code == 4401


async def test_an_expired_token_opens_nothing(ticket):
    await Pairing.objects.aupdate(expires_at=timezone.now() - timedelta(seconds=1))
    async with open_socket(None, PATH) as socket:
        await socket.send({"type": "hello", "versions": [1], "token": ticket.token})
        assert (await socket.expect_close()).code == 4401


async def test_too_many_wrong_codes_from_one_address_are_slowed_down(ticket):
    for _ in range(8):
        async with open_socket(None, PATH) as socket:
            await socket.send({"type": "hello", "versions": [1], "code": "AAA-AAA"})
            assert (await socket.expect_close()).code == 4401
    async with open_socket(None, PATH) as socket:
        await socket.send({"type": "hello", "versions": [1], "code": ticket.short_code})
        closed = await socket.expect_close()
        assert (closed.code, closed.messages[0]["code"]) == (1013, "pairing.slow_down")
    async with open_socket(None, PATH, address="192.0.2.99") as elsewhere:
        await Phone(elsewhere).hello(code=ticket.short_code)


async def test_more_frames_than_the_credit_close_the_socket(ticket, monkeypatch):
    monkeypatch.setattr(capture_socket, "LIMITS", capture_machine.Limits(credit=2))
    async with open_socket(None, PATH) as socket:
        phone = await recording_phone(socket, ticket)
        await socket.send(phone.frame(5).encode())
        closed = await socket.expect_close()
    assert (closed.code, closed.messages[-1]["code"]) == (1013, "protocol.credit")


async def test_a_flood_closes_the_socket(ticket, monkeypatch):
    monkeypatch.setattr(capture_socket, "LIMITS", capture_machine.Limits(max_bytes_per_s=5_000))
    async with open_socket(None, PATH) as socket:
        await Phone(socket).hello(token=ticket.token)
        for _ in range(200):
            await socket.send('{"type":"ping","t":1}')
        closed = await socket.expect_close()
    assert (closed.code, closed.messages[-1]["code"]) == (1013, "protocol.rate")


async def test_consent_in_other_words_is_not_taken(ticket):
    async with open_socket(None, PATH) as socket:
        phone = Phone(socket)
        await phone.hello(token=ticket.token)
        await socket.send(
            {"type": "consent", "wording_version": "old", "language": "en", "giver": "patient", "agree": True}
        )
        error = await socket.expect("error")
        assert (error["code"], error["fatal"]) == ("consent.wording", False)
        await phone.consent()
    assert await Consent.objects.acount() == 1


async def test_a_child_needs_a_guardian(ticket, session):
    session.patient.age_months, session.patient.age_recorded_on = 60, timezone.localdate()
    await session.patient.asave()
    async with open_socket(None, PATH) as socket:
        phone = Phone(socket)
        assert (await phone.hello(token=ticket.token))["session"]["patient_is_child"]
        agreed = {"wording_version": "2026-11", "language": "en", "giver": "patient", "agree": True}
        await socket.send({"type": "consent", **agreed})
        assert (await socket.expect("error"))["code"] == "consent.guardian"
        await phone.consent(giver="guardian")


async def test_a_phone_that_lost_its_socket_goes_on_where_the_disk_is(ticket, sweeper):
    async with open_socket(None, PATH) as socket:
        phone = await recording_phone(socket, ticket)
        credential = phone.welcome["credential"]
        epoch = phone.welcome["epoch"]
        await phone.send_frames(5)
        await phone.wait_for_ack(4)
    await db(sweeper.sweep)
    async with open_socket(None, PATH) as socket:
        phone.socket = socket
        welcome = await phone.hello(credential=credential)
        assert "credential" not in welcome
        assert welcome["epoch"] > epoch
        assert welcome["consent"] is not None
        assert welcome["resume"] == {"recording": str(phone.recording), "next_seq": 5, "next_sample": 4000}
        await phone.send_frames(5, first_seq=5)
        stored = await phone.stop()
    assert (stored["samples"], stored["match"]) == (8000, True)


async def test_a_newer_connection_replaces_the_older(ticket):
    async with open_socket(None, PATH) as older, open_socket(None, PATH) as newer:
        phone = await recording_phone(older, ticket)
        await Phone(newer).hello(credential=phone.welcome["credential"])
        closed = await older.expect_close()
    assert (closed.code, closed.messages[-1]["code"]) == (4409, "protocol.replaced")


async def test_a_second_phone_revokes_the_first(ticket, session, clinician):
    async with open_socket(None, PATH) as older, open_socket(None, PATH) as newer:
        first = await recording_phone(older, ticket)
        other = await db(issue_pairing, session=session, by=Actor.of_user(clinician))
        welcome = await Phone(newer).hello(token=other.token)
        assert welcome["resume"] is None
        await older.expect_close()
    async with open_socket(None, PATH) as socket:
        await socket.send({"type": "hello", "versions": [1], "credential": first.welcome["credential"]})
        assert (await socket.expect_close()).code == 4401


async def test_a_stop_is_answered_again_after_the_answer_was_lost(ticket):
    async with open_socket(None, PATH) as socket:
        phone = await recording_phone(socket, ticket)
        await phone.send_frames(3)
        first = await phone.stop()
    async with open_socket(None, PATH) as socket:
        phone.socket = socket
        assert (await phone.hello(credential=phone.welcome["credential"]))["resume"] is None
        assert await phone.stop() == first


async def test_what_is_missing_is_a_gap_and_the_hash_tells(ticket):
    async with open_socket(None, PATH) as socket:
        phone = await recording_phone(socket, ticket)
        await phone.send_frames(2)
        lost = phone.frame(2)
        await phone.send_frames(1, first_seq=3)
        phone.sent.append(lost)
        stored = await phone.stop()
        assert (stored["samples"], stored["gaps"], stored["match"]) == (3200, [[1600, 800]], False)
        assert await phone.stop() == stored
    pcm = read_pcm(await Recording.objects.aget(pk=phone.recording))
    assert not pcm[1600:2400].any()
    assert np.array_equal(pcm[2400:], np.frombuffer(sound(3), "<i2"))


async def test_sound_the_phone_itself_lost_is_a_gap_with_a_matching_hash(ticket):
    async with open_socket(None, PATH) as socket:
        phone = await recording_phone(socket, ticket)
        await phone.send_frames(1)
        late = capture_machine.Frame(phone.welcome["epoch"], 1, 4000, sound(1))
        phone.sent.append(late)
        await socket.send(late.encode())
        stored = await phone.stop()
    assert (stored["samples"], stored["gaps"], stored["match"]) == (4800, [[800, 3200]], True)


async def test_a_recording_of_another_session_is_refused(ticket, clinic, clinician):
    other = await db(factories.make_session, clinic)
    foreign = await db(factories.make_recording, other)
    async with open_socket(None, PATH) as socket:
        phone = Phone(socket)
        await phone.hello(token=ticket.token)
        await phone.consent()
        await socket.send({"type": "start", "recording": foreign.pk})
        closed = await socket.expect_close()
        assert (closed.code, closed.messages[-1]["code"]) == (4400, "recording.taken")
    async with open_socket(None, PATH) as socket:
        await phone_again(socket, phone)
        await socket.send({**phone.stop_message(), "recording": str(foreign.pk)})
        closed = await socket.expect_close()
        assert (closed.code, closed.messages[-1]["code"]) == (4400, "recording.unknown")


async def phone_again(socket, phone: Phone) -> None:
    phone.socket = socket
    await phone.hello(credential=phone.welcome["credential"])


async def test_nothing_heard_is_said_and_the_phone_may_try_again(ticket):
    async with open_socket(None, PATH) as socket:
        phone = await recording_phone(socket, ticket)
        await socket.send(phone.stop_message())
        error = await socket.expect("error")
        assert (error["code"], error["fatal"]) == ("recording.empty", False)
        failed = await Recording.objects.aget(pk=phone.recording)
        assert (failed.status, failed.failure_code) == (Recording.Status.FAILED, "recording.empty")
        phone.recording = uuid4()
        await phone.start()


async def test_revoking_closes_the_phone_and_keeps_what_it_sent(ticket, session, clinician, sweeper):
    async with open_socket(None, PATH) as socket:
        phone = await recording_phone(socket, ticket)
        await phone.send_frames(4)
        await phone.wait_for_ack(3)
        await db(revoke_pairing, session=session, by=Actor.of_user(clinician))
        closed = await socket.expect_close()
        assert (closed.code, closed.messages[-1]) == (4410, {"type": "revoked", "reason": "revoked"})
    await db(sweeper.sweep)
    recording = await Recording.objects.aget(pk=phone.recording)
    assert (recording.status, recording.n_samples, recording.hash_matches) == (
        Recording.Status.PARTIAL,
        3200,
        None,
    )


async def test_a_phone_that_stays_away_leaves_a_recording_cut_short(ticket, sweeper, heard):
    async with open_socket(None, PATH) as socket:
        phone = await recording_phone(socket, ticket)
        await phone.send_frames(4)
        await phone.wait_for_ack(3)
    await db(sweeper.sweep)
    assert heard == []
    await db(sweeper.sweep, now_s=1e12)
    recording = await Recording.objects.aget(pk=phone.recording)
    assert recording.status == Recording.Status.PARTIAL
    assert np.array_equal(read_pcm(recording), pcm_of(4))
    assert [one.pk for one in heard] == [recording.pk]


async def test_another_start_closes_the_open_recording_as_it_stands(ticket, sweeper):
    async with open_socket(None, PATH) as socket:
        phone = await recording_phone(socket, ticket)
        left = phone.recording
        await phone.send_frames(2)
        phone.recording, phone.sent = uuid4(), []
        await phone.start()
        await db(sweeper.sweep)
        await phone.send_frames(1)
        assert (await phone.stop())["samples"] == 800
    assert (await Recording.objects.aget(pk=left)).n_samples == 1600


async def test_a_full_disk_is_said_and_nothing_false_acknowledged(ticket, monkeypatch, sweeper):
    async with open_socket(None, PATH) as socket:
        phone = await recording_phone(socket, ticket)
        await phone.send_frames(2)
        await phone.wait_for_ack(1)

        def no_room(segment, data):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(Segment, "append", no_room)
        await socket.send(phone.frame(2).encode())
        closed = await socket.expect_close()
    assert closed.code == 1011
    assert [message["type"] for message in closed.messages] == ["error"]
    assert closed.messages[0]["code"] == "spool.disk_full"
    monkeypatch.undo()
    await db(sweeper.sweep, now_s=1e12)
    recording = await Recording.objects.aget(pk=phone.recording)
    assert (recording.status, recording.n_samples) == (Recording.Status.PARTIAL, 1600)


async def test_a_phone_is_not_let_back_onto_a_full_disk(ticket, monkeypatch):
    async with open_socket(None, PATH) as socket:
        phone = await recording_phone(socket, ticket)
        await phone.send_frames(2)
        await phone.wait_for_ack(1)
    monkeypatch.setattr(store, "MIN_FREE_BYTES", 2**63)
    async with open_socket(None, PATH) as socket:
        await socket.send({"type": "hello", "versions": [1], "credential": phone.welcome["credential"]})
        closed = await socket.expect_close()
    assert (closed.code, [message["type"] for message in closed.messages]) == (1011, ["error"])


async def test_ending_the_session_closes_the_phone(ticket, session, clinician):
    async with open_socket(None, PATH) as socket:
        await Phone(socket).hello(token=ticket.token)
        await db(end_session, session=session, by=Actor.of_user(clinician))
        closed = await socket.expect_close()
    assert (closed.code, closed.messages[-1]) == (4410, {"type": "revoked", "reason": "ended"})


async def test_a_failed_filing_keeps_the_sound_and_is_done_again(ticket, monkeypatch, sweeper, caplog):
    from recordings.services import capture

    def no_storage(*args, **kwargs):
        raise OSError(errno.EIO, "the storage is away")

    async with open_socket(None, PATH) as socket:
        phone = await recording_phone(socket, ticket)
        await phone.send_frames(3)
        with monkeypatch.context() as broken:
            broken.setattr(capture, "store_audio", no_storage)
            await socket.send(phone.stop_message())
            error = await socket.expect("error")
            assert (error["code"], error["fatal"]) == ("recording.kept_unfiled", False)
        await db(sweeper.sweep)
        stored = await socket.expect("stored")
    assert (stored["recording"], stored["samples"], stored["match"]) == (str(phone.recording), 2400, True)


async def test_settings_of_the_next_take_reach_the_phone(ticket, session):
    from recordings import announcements

    async with open_socket(None, PATH) as socket:
        await Phone(socket).hello(token=ticket.token)
        session.site = "aortic"
        await db(announcements.settings_changed, session)
        assert (await socket.expect("settings"))["site"] == "aortic"


async def test_secrets_are_stored_as_hashes_and_never_logged(ticket, caplog):
    async with open_socket(None, PATH) as socket:
        phone = Phone(socket)
        await phone.hello(token=ticket.token)
        credential = phone.welcome["credential"]
    row = await Pairing.objects.values().aget(pk=ticket.pairing_id)
    for secret in (ticket.token, credential, ticket.short_code, ticket.short_code.replace("-", "")):
        assert secret not in json.dumps(row, default=str)
        assert secret not in caplog.text
        assert secret not in repr(SimpleNamespace(ticket=ticket))
