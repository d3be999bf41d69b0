"""Starting the server, and what it weighs: `python -m tests.bench.startup --json FILE`.

The second start on a data directory, as every start but the first: wall and CPU time to READY, resident memory at
READY and after the first analysis. READY is awaited on standard output, as a script would.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import psutil

from tests.bench.machine import describe_machine
from tests.bench.server import ROOT, BenchError
from tests.ports import free_port

ANALYSIS_TIMEOUT_S = 60
POLL_S = 0.1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="where the figures go")
    options = parser.parse_args()
    data_dir = tempfile.mkdtemp(prefix="heartsite-bench-")
    os.environ |= {"HEARTSITE_DATA_DIR": data_dir, "DJANGO_SETTINGS_MODULE": "heartsite.settings"}
    try:
        report = {"machine": describe_machine(), **measure()}
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(report, indent=2) + "\n")
    for name, value in report.items():
        if name != "machine":
            print(f"{name:34} {value:8.1f}")


def measure() -> dict[str, float]:
    first = Start()
    first.stop()
    subprocess.run(
        [sys.executable, "manage.py", "seed_demo"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL
    )
    second = Start()
    figures = {
        "first_ready_s": first.ready_s,
        "ready_s": second.ready_s,
        "ready_cpu_s": second.ready_cpu_s,
        "ready_rss_mb": second.ready_rss_mb,
    }
    try:
        figures["first_analysis_s"] = analyse_one(second.url)
        figures["first_analysis_rss_mb"] = second.rss_mb()
    finally:
        figures["stop_s"] = second.stop()
    return figures


class Start:
    """One start of the server, up to READY."""

    def __init__(self) -> None:
        port = free_port()
        began = time.perf_counter()
        ports = ["--host", "127.0.0.1", "--port", str(port), "--tls-port", str(free_port())]
        self._process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", *ports], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        for line in self._process.stdout or ():
            if line.startswith("READY "):
                break
        else:
            raise BenchError("The server ended before it was ready.")
        self.ready_s = time.perf_counter() - began
        self._measured = psutil.Process(self._process.pid)
        times = self._measured.cpu_times()
        self.ready_cpu_s = times.user + times.system
        self.ready_rss_mb = self.rss_mb()
        self.url = f"http://127.0.0.1:{port}"

    def rss_mb(self) -> float:
        return self._measured.memory_info().rss / 1e6

    def stop(self) -> float:
        """Seconds from SIGTERM to the end."""
        began = time.perf_counter()
        self._process.terminate()
        self._process.communicate(timeout=60)
        return time.perf_counter() - began


def analyse_one(url: str) -> float:
    """Ask for another analysis of a demo recording through the API; seconds until it is done."""
    token, recording = _token_and_recording()
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
    began = time.perf_counter()
    asked = _call(f"{url}/api/v1/analyses/", headers, {"recording": recording})
    while time.perf_counter() - began < ANALYSIS_TIMEOUT_S:
        found = _call(f"{url}/api/v1/analyses/{asked['id']}/", headers)
        if found["status"] == "done":
            return time.perf_counter() - began
        if found["status"] == "failed":
            raise BenchError(f"The analysis failed: {found}")
        time.sleep(POLL_S)
    raise BenchError(f"The analysis took more than {ANALYSIS_TIMEOUT_S} s.")


def _call(address: str, headers: dict[str, str], body: dict | None = None) -> dict:
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(address, data, headers)
    with urllib.request.urlopen(request, timeout=ANALYSIS_TIMEOUT_S) as answer:
        return json.load(answer)


def _token_and_recording() -> tuple[str, str]:
    import django

    django.setup()
    from accounts.actors import Actor
    from accounts.models import Membership, Role
    from accounts.scoping import activate
    from accounts.services.tokens import create_token
    from recordings.models import Recording

    membership = Membership.objects.filter(clinic__is_demo=True, role=Role.CLINICIAN).first()
    if membership is None:
        raise BenchError("There is no demo clinic in the new data directory.")
    activate(membership.user, membership)
    _, secret = create_token(by=Actor.of_user(membership.user), name="bench", days=1)
    recording = Recording.objects.filter(clinic=membership.clinic).first()
    return secret, str(recording.pk)


if __name__ == "__main__":
    main()
