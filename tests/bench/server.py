"""The server under load: our own in a directory of its own, or one that runs already; and what it costs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
READY_TIMEOUT_S = 120


class BenchError(Exception):
    """The measurement could not be made; the sentence says what to do."""


class Server:
    """`pid` is None where the process cannot be found (another machine, another user)."""

    def __init__(self, url: str, pid: int | None) -> None:
        self.url = url
        self._process = psutil.Process(pid) if pid else None

    def cpu_s(self) -> float | None:
        """Processor time of the server and its children so far."""
        if self._process is None:
            return None
        times = [process.cpu_times() for process in self._family()]
        return sum(one.user + one.system for one in times)

    def rss_mb(self) -> float | None:
        """Resident memory of the server process itself."""
        return self._process.memory_info().rss / 1e6 if self._process else None

    def _family(self) -> list[psutil.Process]:
        return [self._process, *self._process.children(recursive=True)]


@contextmanager
def running_server(url: str | None) -> Iterator[Server]:
    """The server at `url`, or one of our own on a free port with an empty database.

    Sets the environment so that this process sees the same database.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heartsite.settings")
    if url is not None:
        yield Server(url.rstrip("/"), _listening_pid(urlsplit(url).port))
        return
    data_dir = tempfile.mkdtemp(prefix="heartsite-bench-")
    os.environ["HEARTSITE_DATA_DIR"] = data_dir
    port = free_port()
    command = [sys.executable, "manage.py", "serve", "--host", "127.0.0.1", "--port", str(port), "--no-tls"]
    log_path = Path(data_dir) / "server.log"
    with log_path.open("w") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ}
        )
        try:
            _wait_until_ready(process, log_path)
            yield Server(f"http://127.0.0.1:{port}", process.pid)
        finally:
            process.terminate()
            process.communicate(timeout=30)
            shutil.rmtree(data_dir, ignore_errors=True)


def _wait_until_ready(process: subprocess.Popen, log_path: Path) -> None:
    for line in process.stdout:
        if line.startswith("READY "):
            return
    process.wait(READY_TIMEOUT_S)
    raise BenchError(f"The server did not start:\n{log_path.read_text()[-2000:]}")


def _listening_pid(port: int | None) -> int | None:
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return None
    return next((c.pid for c in connections if c.status == "LISTEN" and c.laddr.port == port), None)
