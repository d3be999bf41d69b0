"""A real `manage.py serve` on ports of its own, with a data directory of its own, seeded with the demo clinic."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
READY_TIMEOUT_S = 120
STOP_TIMEOUT_S = 20


@dataclass
class RunningServer:
    """`logins` maps a role's word in the demo e-mail (clinician, reviewer, admin) to (e-mail, password)."""

    process: subprocess.Popen
    url: str
    data_dir: Path
    logins: dict[str, tuple[str, str]]
    log: list[str]

    def stop(self) -> int:
        """SIGTERM, as Ctrl-C does; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_TIMEOUT_S)


def environment(data_dir: Path) -> dict[str, str]:
    """This process's environment with the server's own data, and nothing of a developer's settings."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "MEDIA_STORAGE", "TRUSTED_PROXIES")
    }
    return {**kept, "HEARTSITE_DATA_DIR": str(data_dir), "DJANGO_SETTINGS_MODULE": "heartsite.settings"}


def start_server(*options: str) -> RunningServer:
    """Seed, serve, and wait for the READY line. Raises RuntimeError with the log when it never comes."""
    data_dir = Path(tempfile.mkdtemp(prefix="heartsite-e2e-"))
    env = environment(data_dir)
    manage = [sys.executable, str(ROOT / "manage.py")]
    subprocess.run([*manage, "migrate", "-v", "0"], env=env, check=True, cwd=ROOT)
    seeded = subprocess.run(
        [*manage, "seed_demo"], env=env, check=True, cwd=ROOT, capture_output=True, text=True
    )
    logins = {}
    for line in seeded.stdout.splitlines():
        if match := re.fullmatch(r"(\S+@\S+) (\S+)", line.strip()):
            logins[match[1].partition("@")[0]] = (match[1], match[2])
    port = free_port()
    command = [*manage, "serve", "--host", "127.0.0.1", "--port", str(port), "--no-tls", *options]
    process = subprocess.Popen(
        command, env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    log: list[str] = []
    ready = threading.Event()

    def read() -> None:
        for line in process.stdout:
            log.append(line)
            if line.startswith("READY"):
                ready.set()
        ready.set()

    threading.Thread(target=read, daemon=True).start()
    if not ready.wait(READY_TIMEOUT_S) or process.poll() is not None:
        process.kill()
        raise RuntimeError("serve never said READY:\n" + "".join(log))
    return RunningServer(process, f"http://127.0.0.1:{port}", data_dir, logins, log)
