"""Numbers in Prometheus' text form: counts, times and sizes, never anything about a patient."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from django.db.models import Count, Min
from django.utils import timezone

from analysis.models import Analysis
from heartsite.serving.worker import embedded_worker
from recordings.models import Recording

_STARTED_AT = time.time()
_lock = threading.Lock()
_requests: Counter[tuple[str, int]] = Counter()
_seconds: defaultdict[str, float] = defaultdict(float)


def observe_request(method: str, status: int, seconds: float) -> None:
    """Count one answered request.

    Methods beyond the usual are one kind, so that no client can grow the table.
    """
    method = method if method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS") else "OTHER"
    with _lock:
        _requests[method, status] += 1
        _seconds[method] += seconds


def render() -> str:
    lines: list[str] = []
    for name, kind, text, samples in _families():
        lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
        for labels, value in samples:
            written = ",".join(f'{key}="{label}"' for key, label in labels.items())
            lines.append(f"{name}{{{written}}} {value:g}" if written else f"{name} {value:g}")
    return "\n".join(lines) + "\n"


def _families() -> Iterator[tuple[str, str, str, list[tuple[dict, float]]]]:
    with _lock:
        requests, seconds = dict(_requests), dict(_seconds)
    yield (
        "heartsite_http_requests_total",
        "counter",
        "Requests answered.",
        [
            ({"method": method, "status": status}, count)
            for (method, status), count in sorted(requests.items())
        ],
    )
    yield (
        "heartsite_http_request_seconds_total",
        "counter",
        "Time spent answering.",
        [({"method": method}, spent) for method, spent in sorted(seconds.items())],
    )
    yield (
        "heartsite_analyses",
        "gauge",
        "Analyses by status.",
        [({"status": status}, count) for status, count in _counts(Analysis).items()],
    )
    yield (
        "heartsite_oldest_owed_analysis_seconds",
        "gauge",
        "Age of the oldest analysis owed.",
        [({}, _oldest_owed_s())],
    )
    yield (
        "heartsite_recordings",
        "gauge",
        "Recordings by status.",
        [({"status": status}, count) for status, count in _counts(Recording).items()],
    )
    worker = embedded_worker()
    if worker is not None:
        yield "heartsite_worker_alive", "gauge", "The worker in this process.", [({}, float(worker.is_alive))]
    yield "process_cpu_seconds_total", "counter", "CPU time of this process.", [({}, time.process_time())]
    yield "process_start_time_seconds", "gauge", "When this process began, in Unix time.", [({}, _STARTED_AT)]
    resident = resident_bytes()
    if resident is not None:
        yield "process_resident_memory_bytes", "gauge", "Resident memory of this process.", [({}, resident)]


def resident_bytes() -> int | None:
    """Of this process, now; None where the system does not tell."""
    if sys.platform != "linux":
        return None
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _counts(model) -> dict[str, int]:
    return dict(model.objects.order_by().values_list("status").annotate(Count("pk")))


def _oldest_owed_s() -> float:
    owed = Analysis.objects.filter(status__in=[Analysis.Status.QUEUED, Analysis.Status.RUNNING])
    oldest = owed.aggregate(oldest=Min("created_at"))["oldest"]
    return (timezone.now() - oldest).total_seconds() if oldest else 0.0
