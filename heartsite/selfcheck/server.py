"""A server to check: the one that runs, or one of our own for as long as the check takes."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from heartsite.serving.probe import answers

STOP_TIMEOUT_S = 20.0


@contextmanager
def running_server(port: int, tls_port: int) -> Iterator[tuple[str, int, bool]]:
    """(url, https port, whether it is our own). Ends what it started."""
    if answers(port):
        yield f"http://127.0.0.1:{port}", tls_port, False
        return
    own_port, own_tls_port = _free_port(), _free_port()
    ports = ["--port", str(own_port), "--tls-port", str(own_tls_port)]
    process = subprocess.Popen(
        [sys.executable, str(settings.BASE_DIR / "manage.py"), "serve", *ports],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        for line in process.stdout or ():
            if line.startswith("READY "):
                break
        yield f"http://127.0.0.1:{own_port}", own_tls_port, True
    finally:
        process.terminate()
        process.communicate(timeout=STOP_TIMEOUT_S)


def _free_port() -> int:
    with socket.socket() as probing:
        probing.bind(("127.0.0.1", 0))
        return probing.getsockname()[1]
