"""The phone's socket: carries out what the capture machine decides."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from uuid import UUID

from channels.db import database_sync_to_async

from accounts.addresses import scope_address
from accounts.errors import HeartSiteError
from recordings import capture_machine as machine
from recordings import protocol as wire
from recordings.capture_machine import CaptureMachine
from recordings.consumers.admission import is_same_origin, phone_seats
from recordings.consumers.base import LastingConsumer
from recordings.groups import capture_group, monitor_group, remember_loop
from recordings.protocol import CloseCode
from recordings.services import capture, phones
from recordings.spool import get_spool
from recordings.sweeper import sweeper
from recordings.take_ledger import Progress

log = logging.getLogger(__name__)

# Encoding and storing must not hold up the one thread that all database calls of the sockets share.
_filing = ThreadPoolExecutor(max_workers=4, thread_name_prefix="filing")
LIMITS = machine.Limits()
# What may wait while a hello or a stop is dealt with: a full window of frames and some control messages.
MAX_WAITING = 80
_CLOSING_CODES = {
    "pairing.invalid": CloseCode.UNAUTHORISED,
    "pairing.slow_down": CloseCode.TRY_LATER,
    "session.ended": CloseCode.REVOKED,
    "recording.taken": CloseCode.MALFORMED,
    "recording.unknown": CloseCode.MALFORMED,
    "spool.disk_full": CloseCode.SERVER_FAILED,
    "spool.unavailable": CloseCode.SERVER_FAILED,
}


class CaptureConsumer(LastingConsumer):
    """One phone. Messages wait in a short queue and are dealt with one after the other by `_work`."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.machine = CaptureMachine(now_s=time.monotonic(), limits=LIMITS)
        self._connection: phones.Connection | None = None
        self.device, self.take_number = "", 0
        self.native_rate_hz: int | None = None
        self._inbox: deque[str | bytes] = deque()
        self._arrived = asyncio.Event()
        self._tasks: set[asyncio.Task] = set()
        self._commits: dict[Future, asyncio.Future] = {}
        self._closed_with: CloseCode | None = None
        self._attached: UUID | None = None
        self._has_seat = False

    async def connect(self) -> None:
        remember_loop()
        await asyncio.to_thread(sweeper.start)
        self.address = scope_address(self.scope)
        self._has_seat = phone_seats.take(self.address)
        await self.accept()
        if not is_same_origin(self.scope):
            await self._refuse("protocol.origin", "This page may not record here.", CloseCode.FORBIDDEN)
        elif not self._has_seat:
            await self._refuse("protocol.too_many", "Too many phones at once.", CloseCode.TRY_LATER)
        else:
            self._spawn(self._work())
            self._spawn(self._expect_hello())

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        data = text_data if text_data is not None else bytes_data or b""
        is_text = isinstance(data, str)
        size = len(data.encode("utf-8", "surrogatepass")) if isinstance(data, str) else len(data)
        if self.machine.phase is machine.Phase.CLOSED:
            return
        refusal = self.machine.admit(size, is_text=is_text, now_s=time.monotonic())
        if not refusal and len(self._inbox) >= MAX_WAITING:
            refusal = self.machine.refused(
                "protocol.rate",
                "Too much data at once. Reload the page.",
                fatal=True,
                close_code=CloseCode.TRY_LATER,
            )
        if refusal:
            self._inbox.clear()
            await self._carry_out(refusal)
            return
        self._inbox.append(data)
        self._arrived.set()

    async def leave(self) -> None:
        if self._has_seat:
            phone_seats.leave(self.address)
        for task in self._tasks:
            task.cancel()
        if self._connection is not None:
            await self._release(may_return=self._closed_with != CloseCode.REVOKED)
            group = capture_group(self.connection.session_id)
            await self.channel_layer.group_discard(group, self.channel_name)
            if self._closed_with != CloseCode.REPLACED:
                await self._tell_desktops(wire.PhoneState("disconnected", self.device, self.native_rate_hz))

    # Messages of the channel layer.

    async def wire_message(self, event: dict) -> None:
        """Something a service announced to the phones of this session."""
        message = event["message"]
        match message.pop("type"):
            case "revoked":
                await self._carry_out(self.machine.revoked(wire.Revoked(**message)))
            case "settings":
                await self._carry_out(self.machine.settings_changed(wire.SettingsChanged(**message)))
            case "stored":
                await self._carry_out(self.machine.filed_later(wire.Stored(**message)))

    async def phone_replaced(self, event: dict) -> None:
        await self._carry_out(self.machine.replaced(event["epoch"]))

    async def phone_report(self, event: dict) -> None:
        """A desktop has just opened and asks how things stand."""
        await self.channel_layer.send(
            event["reply_to"],
            {"type": "phone.reported", "phone": self._phone_state().as_dict(), "samples": self._samples()},
        )

    # Tasks.

    async def _work(self) -> None:
        """Deal with what arrived, in order."""
        while True:
            while self._inbox:
                data = self._inbox.popleft()
                if isinstance(data, str):
                    await self._carry_out(self.machine.receive_text(data))
                else:
                    await self._carry_out(self.machine.receive_frame(data))
            self._arrived.clear()
            await self._arrived.wait()

    async def _expect_hello(self) -> None:
        await asyncio.sleep(self.machine.limits.hello_timeout_s)
        await self._carry_out(self.machine.tick(time.monotonic()))

    async def _acknowledge(self, recording: UUID, commit: Future[Progress]) -> None:
        try:
            progress = await self._commits[commit]
        except HeartSiteError as error:
            await self._carry_out(self._refusal(error))
        else:
            await self._carry_out(self.machine.committed(recording, progress))
        finally:
            self._commits.pop(commit, None)

    # Actions of the machine.

    async def _carry_out(self, actions: list[machine.Action]) -> None:
        for action in actions:
            try:
                await self._perform(action)
            except HeartSiteError as error:
                await self._carry_out(self._refusal(error))
                return
            except Exception:
                log.exception("a capture socket failed at %s", type(action).__name__)
                await self._carry_out(self._unexpected(action))
                return

    async def _perform(self, action: machine.Action) -> None:
        match action:
            case machine.Send(message=message):
                await self.send(text_data=wire.encode(message))
            case machine.Append(recording=recording, frame=frame):
                self._append(recording, frame)
            case machine.Relay(frame=frame):
                await self._relay(frame)
            case machine.Authorise(hello=hello):
                await self._authorise(hello)
            case machine.SaveConsent(consent=consent):
                given = await database_sync_to_async(phones.give_consent)(
                    connection=self.connection, consent=consent
                )
                await self._carry_out(self.machine.consented(given.pk))
            case machine.BeginTake(start=start):
                await self._begin(start)
            case machine.AbandonTake():
                await self._release(may_return=False)
            case machine.FinishTake(stop=stop):
                await self._finish(stop)
            case machine.Close(code=code):
                self._closed_with = code
                await self.close(code=int(code))

    async def _authorise(self, hello: wire.Hello) -> None:
        connection = await database_sync_to_async(phones.open_connection)(hello=hello, address=self.address)
        self._connection = connection
        group = capture_group(connection.session_id)
        replaced = {"type": "phone.replaced", "epoch": connection.grant.epoch}
        await self.channel_layer.group_send(group, replaced)
        await self.channel_layer.group_add(group, self.channel_name)
        if connection.open_take is not None:
            self._attach(connection.open_take)
        await self._carry_out(self.machine.authorised(connection.grant))
        await self._tell_desktops(self._phone_state())

    async def _begin(self, start: wire.Start) -> None:
        begun = await database_sync_to_async(capture.begin_take)(connection=self.connection, start=start)
        self._attach(begun)
        await self._carry_out(self.machine.started(begun.ledger))
        await self._tell_desktops(self._phone_state())

    def _append(self, recording: UUID, frame: wire.Frame) -> None:
        commit = get_spool().append(recording, frame)
        # Frames that are committed together share one future, and one acknowledgement.
        if commit not in self._commits:
            self._commits[commit] = asyncio.wrap_future(commit)
            self._spawn(self._acknowledge(recording, commit))

    async def _relay(self, frame: wire.Frame) -> None:
        as_seen = wire.Frame(self.take_number, frame.seq, frame.sample_index, frame.pcm)
        event = {"type": "audio.frame", "data": as_seen.encode()}
        await self.channel_layer.group_send(monitor_group(self.connection.session_id), event)

    async def _finish(self, stop: wire.Stop) -> None:
        spool = get_spool()
        if spool.state(stop.recording) is not None:
            said = {**asdict(stop), "recording": str(stop.recording)}
            await asyncio.wrap_future(spool.stop(stop.recording, said))
        file = database_sync_to_async(capture.finish_take, thread_sensitive=False, executor=_filing)
        stored = await file(
            recording_id=stop.recording, session_id=self.connection.session_id, by=self.connection.by
        )
        if stop.recording == self._attached:
            await self._release(may_return=False)
        await self._carry_out(self.machine.stored(stored))
        await self._tell_desktops(self._phone_state())

    # Helpers.

    @property
    def connection(self) -> phones.Connection:
        """Who this phone is; the machine asks for nothing that needs it before the welcome."""
        if self._connection is None:
            raise RuntimeError("the phone was not let in")
        return self._connection

    def _refusal(self, error: HeartSiteError) -> list[machine.Action]:
        close_code = _CLOSING_CODES.get(error.code)
        if close_code is None:
            return self.machine.refused(error.code, error.message)
        return self.machine.refused(error.code, error.message, fatal=True, close_code=close_code)

    def _unexpected(self, action: machine.Action) -> list[machine.Action]:
        """Something of ours broke. After a stop the sound is safe, and the sweeper files it."""
        if isinstance(action, machine.FinishTake):
            sweeper.detach(action.stop.recording, may_return=False)
            self._attached = None
            safe = "Your recording is safe at the clinic. It will be filed by itself."
            return self.machine.refused("recording.kept_unfiled", safe)
        sorry = "Something went wrong at the clinic's computer. Try again."
        return self.machine.refused("server.failed", sorry, fatal=True, close_code=CloseCode.SERVER_FAILED)

    async def _refuse(self, code: str, message: str, close_code: CloseCode) -> None:
        await self._carry_out(self.machine.refused(code, message, fatal=True, close_code=close_code))

    def _attach(self, take: phones.OpenTake) -> None:
        self.take_number, self.device, self.native_rate_hz = take.number, take.device, take.native_rate_hz
        self._attached = take.ledger.recording
        sweeper.attach(self._attached)

    async def _release(self, *, may_return: bool) -> None:
        """Hand the open recording over to the sweeper, once what arrived of it is on disk."""
        recording, self._attached = self._attached, None
        if recording is None:
            return
        await asyncio.gather(*self._commits.values(), return_exceptions=True)
        sweeper.detach(recording, may_return=may_return)

    def _phone_state(self) -> wire.PhoneState:
        state = "recording" if self.machine.recording else "connected"
        return wire.PhoneState(state, self.device, self.native_rate_hz)

    def _samples(self) -> int:
        return self.machine.ledger.next_sample if self.machine.ledger else 0

    async def _tell_desktops(self, message: wire.PhoneState) -> None:
        event = {"type": "wire.message", "message": message.as_dict()}
        await self.channel_layer.group_send(monitor_group(self.connection.session_id), event)

    def _spawn(self, coroutine) -> None:
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
