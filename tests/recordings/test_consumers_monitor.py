"""The desktop's socket: who may watch, and what they see."""

from __future__ import annotations

import asyncio
import threading

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer

from accounts.actors import Actor
from accounts.models import Role
from recordings import hooks
from recordings.consumers import admission, monitor
from recordings.consumers import capture as capture_socket
from recordings.groups import monitor_group, notify
from recordings.protocol import parse_frame
from recordings.services.pairing import issue_pairing
from recordings.sweeper import Sweeper
from tests import factories
from tests.sockets import Phone, open_socket, sound

pytestmark = pytest.mark.django_db(transaction=True)

CAPTURE = "/ws/capture/"


@pytest.fixture
def session(clinic, clinician):
    return factories.make_session(clinic, opened_by=clinician, site="mitral", target_s=20)


@pytest.fixture
def ticket(session, clinician, spool, monkeypatch, no_wrong_codes):
    ours = Sweeper()
    monkeypatch.setattr(ours, "start", lambda: None)
    monkeypatch.setattr(capture_socket, "sweeper", ours)
    monkeypatch.setattr(hooks, "_listeners", [])
    return issue_pairing(session=session, by=Actor.of_user(clinician))


@pytest.fixture
def address(session):
    return f"/ws/monitor/{session.pk}/"


async def test_a_desktop_sees_the_phone_come_record_and_go(ticket, address, clinician):
    async with open_socket(clinician, address) as desktop:
        welcome = await desktop.receive()
        assert welcome == {
            "type": "welcome",
            "version": 1,
            "phone": {"state": "waiting", "device": "", "native_rate_hz": None},
            "take": None,
            "target_s": 20,
            "settle_s": 2,
        }
        async with open_socket(None, CAPTURE) as socket:
            phone = Phone(socket)
            await phone.hello(token=ticket.token)
            assert (await desktop.receive())["state"] == "connected"
            await phone.consent()
            await phone.start()
            take = await desktop.expect("take")
            assert (take["recording"], take["number"], take["site"]) == (str(phone.recording), 1, "mitral")
            state = await desktop.expect("phone")
            assert (state["state"], state["device"], state["native_rate_hz"]) == (
                "recording",
                "Test phone",
                48_000,
            )
            await phone.send_frames(2)
            for seq in (0, 1):
                frame = parse_frame(await desktop.receive())
                assert (frame.epoch, frame.seq, frame.sample_index, frame.pcm) == (
                    1,
                    seq,
                    seq * 800,
                    sound(seq),
                )
            await phone.stop()
            stored = await desktop.expect("stored")
            assert (stored["duration_s"], stored["gaps"], stored["match"], stored["partial"]) == (
                0.2,
                [],
                True,
                False,
            )
            assert (await desktop.expect("phone"))["state"] == "connected"
        assert (await desktop.expect("phone"))["state"] == "disconnected"


async def test_sound_does_not_wait_for_the_database(ticket, address, clinician):
    """One thread makes all the sockets' database calls; while it is busy, sound is acknowledged and relayed."""
    is_over = threading.Event()
    async with open_socket(clinician, address) as desktop, open_socket(None, CAPTURE) as socket:
        await desktop.expect("welcome")
        phone = Phone(socket)
        await phone.hello(token=ticket.token)
        await phone.consent()
        await phone.start()
        busy = asyncio.ensure_future(sync_to_async(is_over.wait)(60))
        await phone.send_frames(3)
        await phone.wait_for_ack(2)
        assert parse_frame(await desktop.expect_sound()).seq == 0
        assert not busy.done()
        is_over.set()
        await busy


async def test_a_desktop_that_comes_late_is_told_how_things_stand(ticket, address, clinician):
    async with open_socket(None, CAPTURE) as socket:
        phone = Phone(socket)
        await phone.hello(token=ticket.token)
        await phone.consent()
        await phone.start()
        await phone.send_frames(3)
        await phone.wait_for_ack(2)
        async with open_socket(clinician, address) as desktop:
            welcome = await desktop.receive()
            assert welcome["phone"] == {
                "state": "recording",
                "device": "Test phone",
                "native_rate_hz": 48_000,
            }
            assert (welcome["take"]["recording"], welcome["take"]["number"]) == (str(phone.recording), 1)
            assert welcome["take"]["samples"] == 2400
    async with open_socket(clinician, address) as desktop:
        assert (await desktop.receive())["phone"]["state"] == "disconnected"


async def test_progress_from_another_thread_arrives(ticket, session, address, clinician):
    message = {"type": "analysis", "recording": "r", "status": "running", "fraction": 0.5}
    async with open_socket(clinician, address) as desktop:
        await desktop.expect("welcome")
        await sync_to_async(notify, thread_sensitive=False)(monitor_group(session.pk), message)
        assert await desktop.receive() == message


@pytest.mark.parametrize(
    ("who", "code", "error"),
    [
        ("nobody", 4401, "session.login"),
        ("stranger", 4404, "session.unknown"),
        ("clinicless", 4404, "session.unknown"),
    ],
)
async def test_who_may_not_watch(who, code, error, address, stranger):
    user = {"nobody": None, "stranger": stranger, "clinicless": None}[who]
    if who == "clinicless":
        user = await sync_to_async(factories.make_user)()
    async with open_socket(user, address) as desktop:
        closed = await desktop.expect_close()
    assert (closed.code, closed.messages[0]["code"]) == (code, error)


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.REVIEWER, Role.ADMIN])
async def test_colleagues_may_watch(role, address, clinic):
    colleague = await sync_to_async(factories.make_user)(clinic, role)
    async with open_socket(colleague, address) as desktop:
        assert (await desktop.receive())["type"] == "welcome"


async def test_the_phones_credential_opens_no_desktop(ticket, session, address):
    async with open_socket(None, CAPTURE) as socket:
        await Phone(socket).hello(token=ticket.token)
        async with open_socket(None, address) as desktop:
            assert (await desktop.expect_close()).code == 4401


@pytest.mark.parametrize("origin", ["http://testserver:81", "http://evil.example", "null"])
async def test_another_origin_may_not_watch(origin, address, clinician):
    async with open_socket(clinician, address, origin=origin) as desktop:
        closed = await desktop.expect_close()
    assert (closed.code, closed.messages[0]["code"]) == (4403, "protocol.origin")


async def test_the_public_address_is_our_own(address, clinician, settings):
    settings.PUBLIC_URL = "https://heart.example"
    async with open_socket(clinician, address, origin="https://heart.example") as desktop:
        assert (await desktop.receive())["type"] == "welcome"


async def test_a_person_who_loses_the_right_stops_watching(address, clinician, monkeypatch):
    monkeypatch.setattr(monitor, "RECHECK_INTERVAL_S", 0.01)
    async with open_socket(clinician, address) as desktop:
        await desktop.expect("welcome")
        await clinician.memberships.aupdate(is_active=False)
        closed = await desktop.expect_close()
    assert closed.code == 4404


async def test_too_many_desktops_are_refused(address, clinician, monkeypatch):
    monkeypatch.setattr(monitor, "desktop_seats", admission.Seats(1))
    async with open_socket(clinician, address) as first:
        await first.expect("welcome")
        async with open_socket(clinician, address) as second:
            assert (await second.expect_close()).code == 1013
    async with open_socket(clinician, address) as third:
        await third.expect("welcome")


async def test_a_desktop_that_talks_is_closed(address, clinician):
    async with open_socket(clinician, address) as desktop:
        await desktop.expect("welcome")
        for _ in range(20):
            await desktop.send("{}")
        assert (await desktop.expect_close()).code == 1013


async def test_sound_over_the_rate_is_left_out_and_messages_are_not(session, address, clinician, monkeypatch):
    monkeypatch.setattr(monitor, "AUDIO_BYTES_PER_S", 0)
    monkeypatch.setattr(monitor, "AUDIO_BURST_BYTES", 2000)
    layer = get_channel_layer()
    async with open_socket(clinician, address) as desktop:
        await desktop.expect("welcome")
        for number in range(3):
            await layer.group_send(
                monitor_group(session.pk), {"type": "audio.frame", "data": bytes([number]) * 1000}
            )
        await layer.group_send(
            monitor_group(session.pk), {"type": "wire.message", "message": {"type": "stored"}}
        )
        assert [await desktop.receive(), await desktop.receive()] == [b"\0" * 1000, b"\1" * 1000]
        assert await desktop.receive() == {"type": "stored"}
