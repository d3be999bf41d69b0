"""The desktop's socket: a live view of one session, for one person who may see it."""

from __future__ import annotations

import asyncio
import json
import time
from uuid import UUID

from channels.db import database_sync_to_async

from recordings import protocol as wire
from recordings.byte_rate import TokenBucket
from recordings.consumers.admission import desktop_seats, is_same_origin
from recordings.consumers.base import LastingConsumer
from recordings.consumers.desktop import Watched, open_for_desktop
from recordings.fields import ProtocolError
from recordings.groups import capture_group, monitor_group, remember_loop
from recordings.protocol import CloseCode

# A phone makes 16 kB/s. What is over this rate is left out, so that a desktop that does not read holds little.
AUDIO_BYTES_PER_S = 64_000
AUDIO_BURST_BYTES = 256_000
# How long a new desktop waits for the phone to say how things stand.
REPORT_TIMEOUT_S = 0.25
# Somebody who logs out, or loses the right, stops watching within this time.
RECHECK_INTERVAL_S = 30.0
MAX_MESSAGES_FROM_DESKTOP = 20


class MonitorConsumer(LastingConsumer):
    """One desktop. What comes before `welcome` is sent is held (messages) or left out (sound)."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._welcomed = False
        self._has_seat = False
        self._held: list[dict] = []
        self._n_received = 0
        self._tasks: list[asyncio.Task] = []
        self._bucket = TokenBucket(
            bytes_per_s=AUDIO_BYTES_PER_S, burst_bytes=AUDIO_BURST_BYTES, now_s=time.monotonic()
        )

    async def connect(self) -> None:
        remember_loop()
        self._watched: Watched
        self.session_id: UUID = self.scope["url_route"]["kwargs"]["session_id"]
        await self.accept()
        try:
            if not is_same_origin(self.scope):
                raise ProtocolError("protocol.origin", "Another site may not watch.", CloseCode.FORBIDDEN)
            # Joined first: what happens while the rows are read is held, not missed.
            await self.channel_layer.group_add(monitor_group(self.session_id), self.channel_name)
            self._watched = await self._look_up()
            self._has_seat = desktop_seats.take(str(self.session_id))
            if not self._has_seat:
                raise ProtocolError(
                    "protocol.too_many", "Too many desktops are watching.", CloseCode.TRY_LATER
                )
        except ProtocolError as error:
            await self._refuse(error)
            return
        question = {"type": "phone.report", "reply_to": self.channel_name}
        await self.channel_layer.group_send(capture_group(self.session_id), question)
        self._tasks = [
            asyncio.ensure_future(self._welcome_unanswered()),
            asyncio.ensure_future(self._recheck()),
        ]

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        self._n_received += 1
        if self._n_received == MAX_MESSAGES_FROM_DESKTOP:
            await self._refuse(
                ProtocolError("protocol.rate", "This socket only listens.", CloseCode.TRY_LATER)
            )

    async def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._has_seat:
            desktop_seats.leave(str(self.session_id))
        await self.channel_layer.group_discard(monitor_group(self.session_id), self.channel_name)

    # Messages of the channel layer.

    async def wire_message(self, event: dict) -> None:
        if self._welcomed:
            await self._send(event["message"])
        else:
            self._held.append(event["message"])

    async def audio_frame(self, event: dict) -> None:
        if self._welcomed and self._bucket.take(len(event["data"]), time.monotonic()):
            await self.send(bytes_data=event["data"])

    async def phone_reported(self, event: dict) -> None:
        await self._welcome(event["phone"], event["samples"])

    # Helpers.

    async def _look_up(self) -> Watched:
        session_key = self.scope["session"].session_key
        return await database_sync_to_async(open_for_desktop)(session_key, self.session_id)

    async def _welcome_unanswered(self) -> None:
        """No phone answered: there is none, or not on the line."""
        await asyncio.sleep(REPORT_TIMEOUT_S)
        state = "disconnected" if self._watched.was_paired else "waiting"
        absent = wire.PhoneState(state, self._watched.device, self._watched.native_rate_hz)
        await self._welcome(absent.as_dict(), 0)

    async def _welcome(self, phone: dict, samples: int) -> None:
        phone = {key: value for key, value in phone.items() if key != "type"}
        if self._welcomed:
            # The phone was busy when it was asked and answered late.
            await self._send({"type": "phone", **phone})
            return
        self._welcomed = True
        take = self._watched.take and {**self._watched.take, "samples": samples}
        welcome = wire.MonitorWelcome(
            phone=phone, take=take, target_s=self._watched.target_s, settle_s=self._watched.settle_s
        )
        await self._send(welcome.as_dict())
        held, self._held = self._held, []
        for message in held:
            await self._send(message)

    async def _recheck(self) -> None:
        while True:
            await asyncio.sleep(RECHECK_INTERVAL_S)
            try:
                await self._look_up()
            except ProtocolError as error:
                await self._refuse(error)
                return

    async def _refuse(self, error: ProtocolError) -> None:
        self._welcomed = False
        await self.channel_layer.group_discard(monitor_group(self.session_id), self.channel_name)
        refusal = wire.Error(code=error.code, message=error.message, fatal=True)
        await self._send(refusal.as_dict())
        await self.close(code=int(error.close_code))

    async def _send(self, message: dict) -> None:
        await self.send(text_data=json.dumps(message, default=str))
