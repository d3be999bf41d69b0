"""The server is killed in the middle of a recording, started again, and the phone goes on as if nothing had been."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from websockets.asyncio.client import connect

from tests.ports import free_port
from tests.sockets import sound

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 180
TAKE = "00000000-0000-4000-8000-000000000001"
OPEN_SEAT = """
import os
import django; django.setup()
from tests.bench.sessions import open_seats
seats = open_seats(1, is_secure=False)
print(seats.__enter__()[0].token, flush=True)
os._exit(0)  # leave the session open
"""


def environment(data_dir: Path) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "HEARTSITE_"))
    }
    return kept | {"HEARTSITE_DATA_DIR": str(data_dir), "DJANGO_SETTINGS_MODULE": "heartsite.settings"}


class Server:
    def __init__(self, data_dir: Path, port: int) -> None:
        options = ["--host", "127.0.0.1", "--port", str(port), "--no-tls", "--no-worker"]
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", *options],
            cwd=ROOT,
            env=environment(data_dir),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for line in self.process.stdout:
            if line.startswith("READY "):
                return
        raise AssertionError("the server did not start")

    def end(self, number: int) -> None:
        self.process.send_signal(number)
        self.process.communicate(timeout=START_TIMEOUT_S)


class Line:
    """A phone's end of one connection."""

    def __init__(self, connection) -> None:
        self._connection = connection

    async def say(self, **message) -> None:
        await self._connection.send(json.dumps(message))

    async def hear(self, kind: str) -> dict:
        while True:
            message = json.loads(await asyncio.wait_for(self._connection.recv(), 60))
            if message["type"] == kind:
                return message
            assert message["type"] != "error", message

    async def send_frames(self, epoch: int, seqs: range) -> None:
        for seq in seqs:
            header = b"\1\1" + (800).to_bytes(2, "little") + epoch.to_bytes(4, "little")
            place = seq.to_bytes(4, "little") + (seq * 800).to_bytes(8, "little")
            await self._connection.send(header + place + sound(seq))


async def record_until(url: str, token: str, last_seq: int) -> str:
    """Start a recording, wait until `last_seq` is acknowledged, leave more under way. Returns the credential."""
    async with connect(url) as connection:
        phone = Line(connection)
        await phone.say(type="hello", versions=[1], token=token)
        welcome = await phone.hear("welcome")
        wording = welcome["consent_wording"]["version"]
        await phone.say(type="consent", wording_version=wording, language="en", giver="patient", agree=True)
        await phone.hear("consented")
        await phone.say(type="start", recording=TAKE)
        await phone.hear("started")
        await phone.send_frames(welcome["epoch"], range(last_seq + 1))
        while (await phone.hear("ack"))["seq"] < last_seq:
            continue
        await phone.send_frames(welcome["epoch"], range(last_seq + 1, last_seq + 4))
        return welcome["credential"]


async def go_on(url: str, credential: str, n_frames: int) -> tuple[dict, dict]:
    async with connect(url) as connection:
        phone = Line(connection)
        await phone.say(type="hello", versions=[1], credential=credential)
        welcome = await phone.hear("welcome")
        await phone.send_frames(welcome["epoch"], range(welcome["resume"]["next_seq"], n_frames))
        pcm = b"".join(sound(seq) for seq in range(n_frames))
        digest = hashlib.sha256(pcm).hexdigest()
        await phone.say(type="stop", recording=TAKE, frames=n_frames, samples=n_frames * 800, sha256=digest)
        return welcome["resume"], await phone.hear("stored")


async def test_a_killed_server_loses_nothing_it_acknowledged(tmp_path):
    port = free_port()
    url = f"ws://127.0.0.1:{port}/ws/capture/"
    server = await asyncio.to_thread(Server, tmp_path, port)
    try:
        opened = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", OPEN_SEAT],
            cwd=ROOT,
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            check=True,
        )
        credential = await record_until(url, opened.stdout.strip(), last_seq=19)
    finally:
        await asyncio.to_thread(server.end, signal.SIGKILL)

    server = await asyncio.to_thread(Server, tmp_path, port)
    try:
        resume, stored = await go_on(url, credential, n_frames=30)
    finally:
        await asyncio.to_thread(server.end, signal.SIGTERM)
    assert resume["recording"] == TAKE
    assert resume["next_seq"] >= 20
    assert (stored["samples"], stored["gaps"], stored["match"]) == (24_000, [], True)
    assert list(tmp_path.rglob("*.hsj")) == []
