"""A real server in a process of its own, with a data directory of its own."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

import psutil
import pytest

from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
STOP_TIMEOUT_S = 30


@dataclass
class Served:
    """A running `manage.py serve`; `lines` are what it printed up to READY."""

    process: subprocess.Popen
    data_dir: Path
    port: int
    tls_port: int
    lines: list[str] = field(default_factory=list)

    def http(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=30)

    def https(self) -> HTTPSConnection:
        """Trusts the server's own authority and nothing else."""
        context = ssl.create_default_context(cafile=self.data_dir / "certificates" / "authority.crt")
        return HTTPSConnection("127.0.0.1", self.tls_port, timeout=30, context=context)

    def resident_bytes(self) -> int:
        return psutil.Process(self.process.pid).memory_info().rss

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=STOP_TIMEOUT_S)
        return self.process.returncode


def start(data_dir: Path, *arguments: str, port: int | None = None) -> Served:
    port, tls_port = port or free_port(), free_port()
    environment = {
        **os.environ,
        "HEARTSITE_DATA_DIR": str(data_dir),
        "DJANGO_SETTINGS_MODULE": "heartsite.settings",
    }
    ports = ["--host", "127.0.0.1", "--port", str(port), "--tls-port", str(tls_port)]
    process = subprocess.Popen(
        [sys.executable, "manage.py", "serve", *ports, *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    served = Served(process, data_dir, port, tls_port)
    for line in process.stdout or ():
        served.lines.append(line.rstrip("\n"))
        if line.startswith("READY "):
            break
    return served


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """One server for the tests of a module."""
    running = start(tmp_path_factory.mktemp("served"))
    yield running
    if running.process.poll() is None:
        running.stop()
