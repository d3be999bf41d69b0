"""Opens sockets of the whole ASGI application, and a phone that speaks the protocol."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client

from recordings.consent_wording import VERSION
from recordings.protocol import Frame

TIMEOUT_S = 20
HOST = b"testserver"


class Closed(Exception):  # noqa: N818 - an outcome, expected by half the tests
    """The server closed the socket."""

    def __init__(self, code: int, messages: list) -> None:
        super().__init__(f"closed with {code} after {messages}")
        self.code = code
        self.messages = messages


class Socket:
    def __init__(self, communicator: WebsocketCommunicator) -> None:
        self.communicator = communicator

    async def send(self, message: dict | str | bytes) -> None:
        if isinstance(message, bytes):
            await self.communicator.send_to(bytes_data=message)
        else:
            text = json.dumps(message, default=str) if isinstance(message, dict) else message
            await self.communicator.send_to(text_data=text)

    async def receive(self) -> dict | bytes:
        """The next message; raises Closed when the server closes."""
        output = await self.communicator.receive_output(TIMEOUT_S)
        if output["type"] == "websocket.close":
            raise Closed(output["code"], [])
        return json.loads(output["text"]) if output.get("text") is not None else output["bytes"]

    async def expect(self, kind: str) -> dict:
        """The next message of `kind`, passing over others."""
        while True:
            message = await self.receive()
            if isinstance(message, dict) and message["type"] == kind:
                return message

    async def expect_sound(self) -> bytes:
        while True:
            message = await self.receive()
            if isinstance(message, bytes):
                return message

    async def expect_close(self) -> Closed:
        """Everything up to the close."""
        messages = []
        while True:
            try:
                messages.append(await self.receive())
            except Closed as closed:
                return Closed(closed.code, messages)


@asynccontextmanager
async def open_socket(
    user, path: str, *, origin: str | None = "http://testserver", address: str = "192.0.2.1"
) -> AsyncIterator[Socket]:
    """A socket of the whole application, as `user` (None: nobody) from a page of `origin`."""
    from heartsite.asgi import application

    headers = [(b"host", HOST)]
    if origin:
        headers.append((b"origin", origin.encode()))
    if user is not None:
        headers.append((b"cookie", await sync_to_async(_log_in)(user)))
    communicator = WebsocketCommunicator(application, path, headers=headers)
    communicator.scope["client"] = (address, 50_000)
    is_connected, code = await communicator.connect(TIMEOUT_S)
    assert is_connected, code
    try:
        yield Socket(communicator)
    finally:
        await communicator.disconnect(timeout=TIMEOUT_S)


def _log_in(user) -> bytes:
    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[1])
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}".encode()


class Phone:
    """A phone page in ten lines a step. `sound(n)` is what it hears."""

    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self.recording: UUID = uuid4()
        self.welcome: dict = {}
        self.sent: list[Frame] = []

    async def hello(self, **secret: str) -> dict:
        await self.socket.send(
            {"type": "hello", "versions": [1], "client": {"page_version": "test"}, **secret}
        )
        self.welcome = await self.socket.expect("welcome")
        return self.welcome

    async def consent(self, **fields) -> dict:
        agreed = {
            "wording_version": VERSION,
            "language": "en",
            "giver": "patient",
            "agree": True,
            "research": False,
        }
        await self.socket.send({"type": "consent", **agreed, **fields})
        return await self.socket.expect("consented")

    async def start(self, **fields) -> None:
        facts = {"native_rate_hz": 48_000, "device_label": "Test phone", "track_settings": {}}
        await self.socket.send({"type": "start", "recording": self.recording, **facts, **fields})
        assert (await self.socket.expect("started"))["recording"] == str(self.recording)

    def frame(self, seq: int) -> Frame:
        return Frame(self.welcome["epoch"], seq, seq * 800, sound(seq))

    async def send_frames(self, n_frames: int, first_seq: int = 0) -> None:
        for seq in range(first_seq, first_seq + n_frames):
            frame = self.frame(seq)
            self.sent.append(frame)
            await self.socket.send(frame.encode())

    async def wait_for_ack(self, seq: int) -> dict:
        while True:
            ack = await self.socket.expect("ack")
            if ack["seq"] >= seq:
                return ack

    async def stop(self, **fields) -> dict:
        await self.socket.send(self.stop_message() | fields)
        return await self.socket.expect("stored")

    def stop_message(self) -> dict:
        by_seq = {frame.seq: frame.pcm for frame in self.sent}
        pcm = b"".join(by_seq[seq] for seq in sorted(by_seq))
        return {
            "type": "stop",
            "recording": str(self.recording),
            "frames": len(by_seq),
            "samples": len(pcm) // 2,
            "sha256": hashlib.sha256(pcm).hexdigest(),
        }


def sound(seq: int) -> bytes:
    """800 samples that no other frame has."""
    return b"".join((seq * 100 + n % 97).to_bytes(2, "little", signed=True) for n in range(800))


async def settle() -> None:
    """Let what is ready to run, run."""
    for _ in range(20):
        await asyncio.sleep(0)
