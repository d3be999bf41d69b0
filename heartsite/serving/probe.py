"""Waits until the server really answers, from outside its event loop."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable

PROBE_INTERVAL_S = 0.02
PROBE_TIMEOUT_S = 30.0


def call_when_alive(port: int, callback: Callable[[], None]) -> threading.Thread:
    """Call `callback` in a thread of its own once /healthz on loopback answers 200."""

    def wait() -> None:
        deadline = time.monotonic() + PROBE_TIMEOUT_S
        while time.monotonic() < deadline:
            if answers(port):
                callback()
                return
            time.sleep(PROBE_INTERVAL_S)

    thread = threading.Thread(target=wait, name="readiness-probe", daemon=True)
    thread.start()
    return thread


def answers(port: int, path: str = "/healthz", timeout_s: float = 10.0) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
