"""A phone that streams in real time and the desktop that watches it, as asyncio clients."""

from __future__ import annotations

import asyncio
import hashlib
import json
import ssl
import time
import uuid
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from tests.bench.server import BenchError

SAMPLE_RATE_HZ = 8000
FRAME_SAMPLES = 800
FRAME_S = FRAME_SAMPLES / SAMPLE_RATE_HZ
RESULT_TIMEOUT_S = 20


@dataclass(frozen=True)
class Seat:
    """What one phone and its desktop need to get in."""

    session_id: str
    token: str
    cookie: str


@dataclass
class Measured:
    latencies_ms: list[float] = field(default_factory=list)
    samples_sent: int = 0
    samples_acknowledged: int = 0
    samples_stored: int = 0
    gaps: int = 0
    match: bool = False
    stop_to_stored_ms: float | None = None
    stop_to_result_ms: float | None = None
    analysis_status: str = "none"


class Pair:
    """One phone and one desktop of one session."""

    def __init__(self, url: str, seat: Seat, seconds: float, seed: int) -> None:
        self._url = url
        self._seat = seat
        self._pcm = heart_sound(seconds, seed)
        self._sent_at_s: dict[int, float] = {}
        self._stopped_at_s = 0.0
        self._result = asyncio.Event()
        self.measured = Measured()

    async def run(self, delay_s: float, everybody_ready: asyncio.Barrier) -> Measured:
        async with (
            self._open(f"/ws/monitor/{self._seat.session_id}/", cookie=self._seat.cookie) as desktop,
            self._open("/ws/capture/") as phone,
        ):
            await expect(desktop, "welcome")
            watching = asyncio.create_task(self._watch(desktop))
            try:
                recording, epoch, credit = await self._begin(phone)
                await everybody_ready.wait()
                await asyncio.sleep(delay_s)
                await self._stream(phone, recording, epoch, credit)
            finally:
                watching.cancel()
        return self.measured

    def _open(self, path: str, cookie: str = ""):
        parts = urlsplit(self._url)
        is_secure = parts.scheme == "https"
        context = ssl.create_default_context() if is_secure else None
        if context is not None:
            # The clinic's own authority; what is measured is speed.
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return connect(
            f"{'wss' if is_secure else 'ws'}://{parts.netloc}{path}",
            origin=f"{parts.scheme}://{parts.netloc}",
            additional_headers={"Cookie": cookie} if cookie else {},
            ssl=context,
            compression=None,
            open_timeout=60,
        )

    async def _begin(self, phone: ClientConnection) -> tuple[str, int, int]:
        await send(
            phone, type="hello", versions=[1], token=self._seat.token, client={"page_version": "bench"}
        )
        welcome = await expect(phone, "welcome")
        await send(
            phone,
            type="consent",
            wording_version=welcome["consent_wording"]["version"],
            language="en",
            giver="patient",
            agree=True,
            research=False,
        )
        await expect(phone, "consented")
        recording = str(uuid.uuid4())
        await send(
            phone, type="start", recording=recording, native_rate_hz=48_000, device_label="load generator"
        )
        await expect(phone, "started")
        return recording, welcome["epoch"], welcome["credit"]

    async def _stream(self, phone: ClientConnection, recording: str, epoch: int, credit: int) -> None:
        listening = asyncio.create_task(self._listen(phone))
        n_frames = -(-len(self._pcm) // FRAME_SAMPLES)
        started_s = time.monotonic()
        for seq in range(n_frames):
            await asyncio.sleep(max(0.0, started_s + (seq + 1) * FRAME_S - time.monotonic()))
            while seq > self._acked_seq + credit:
                await asyncio.sleep(0.005)
            piece = self._pcm[seq * FRAME_SAMPLES : (seq + 1) * FRAME_SAMPLES]
            self._sent_at_s[seq] = time.monotonic()
            await phone.send(encode_frame(epoch, seq, seq * FRAME_SAMPLES, piece))
            self.measured.samples_sent += len(piece)
        self._stopped_at_s = time.monotonic()
        digest = hashlib.sha256(self._pcm.tobytes()).hexdigest()
        await send(
            phone, type="stop", recording=recording, frames=n_frames, samples=len(self._pcm), sha256=digest
        )
        await asyncio.wait_for(listening, RESULT_TIMEOUT_S)
        try:
            await asyncio.wait_for(self._result.wait(), RESULT_TIMEOUT_S)
        except TimeoutError:
            self.measured.analysis_status = "none"

    _acked_seq = -1

    async def _listen(self, phone: ClientConnection) -> None:
        """The phone's ear, until its recording is stored."""
        async for text in phone:
            message = json.loads(text)
            if message["type"] == "ack":
                self._acked_seq = message["seq"]
                self.measured.samples_acknowledged = message["samples"]
            elif message["type"] == "stored":
                self.measured.stop_to_stored_ms = (time.monotonic() - self._stopped_at_s) * 1000
                self.measured.samples_stored = message["samples"]
                self.measured.samples_acknowledged = message["samples"] - sum(n for _, n in message["gaps"])
                self.measured.gaps = len(message["gaps"])
                self.measured.match = message["match"]
                return
            elif message["type"] == "error":
                raise BenchError(f"The server refused: {message['code']}: {message['message']}")

    async def _watch(self, desktop: ClientConnection) -> None:
        """The desktop's eye."""
        async for data in desktop:
            now_s = time.monotonic()
            if isinstance(data, bytes):
                seq = int.from_bytes(data[8:12], "little")
                self.measured.latencies_ms.append((now_s - self._sent_at_s[seq]) * 1000)
                continue
            message = json.loads(data)
            if message["type"] == "analysis" and message["status"] in ("done", "failed"):
                self.measured.analysis_status = message["status"]
                self.measured.stop_to_result_ms = (now_s - self._stopped_at_s) * 1000
                self._result.set()


def encode_frame(epoch: int, seq: int, sample_index: int, pcm: np.ndarray) -> bytes:
    """Written from docs/protocol.md, not with the server's own code."""
    fields = ((1, 1), (1, 1), (len(pcm), 2), (epoch, 4), (seq, 4), (sample_index, 8))
    return b"".join(value.to_bytes(size, "little") for value, size in fields) + pcm.tobytes()


async def send(socket: ClientConnection, **message) -> None:
    await socket.send(json.dumps(message))


async def expect(socket: ClientConnection, kind: str) -> dict:
    while True:
        message = json.loads(await socket.recv())
        if message["type"] == kind:
            return message
        if message["type"] == "error":
            raise BenchError(f"The server refused: {message['code']}: {message['message']}")


def heart_sound(seconds: float, seed: int) -> np.ndarray:
    """Two thumps a beat at 72 beats a minute over a little noise; int16 of shape (seconds * 8000,)."""
    rng = np.random.default_rng(seed)
    t_s = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    sound = 0.01 * rng.standard_normal(t_s.size)
    for offset_s, hz, size in ((0.0, 55.0, 0.5), (0.32, 80.0, 0.3)):
        phase_s = (t_s - offset_s) % (60 / 72)
        sound += size * np.sin(2 * np.pi * hz * phase_s) * np.exp(-phase_s / 0.03)
    return np.clip(sound * 32767, -32768, 32767).astype("<i2")
