"""Many phones at once: `python -m tests.bench.capture --phones N --seconds S [--url URL] --json FILE`.

Starts a server of its own without --url. With --url it must run on the server's machine, with the server's
environment (HEARTSITE_DATA_DIR or DATABASE_URL), because it opens its sessions in the database.

Latency is from a frame's sending on the phone to its arrival on the desktop that watches it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import statistics
import sys
from pathlib import Path

from tests.bench.clients import FRAME_S, Measured, Pair
from tests.bench.machine import describe_machine
from tests.bench.server import BenchError, Server, running_server

WARM_UP_S = 5.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--phones", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--url", help="a server that runs already")
    parser.add_argument(
        "--stop-spread", type=float, default=FRAME_S, help="seconds between first and last stop"
    )
    parser.add_argument("--json", type=Path, required=True, help="where the figures go")
    options = parser.parse_args()
    # So that a time limit from outside ends our server too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Ended before the measurement was complete."))
    try:
        with running_server(options.url) as server:
            report = measure(server, options.phones, options.seconds, options.stop_spread)
    except BenchError as error:
        sys.exit(str(error))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))
    if report["samples_stored"] < report["samples_acknowledged"] or not report["all_hashes_match"]:
        sys.exit("Sound was lost.")


def measure(server: Server, n_phones: int, seconds: float, spread_s: float) -> dict:
    import django

    django.setup()
    from django.db import connection

    from tests.bench.sessions import open_seats

    if not connection.introspection.table_names():
        raise BenchError("This is not the server's database: set HEARTSITE_DATA_DIR as it is for the server.")
    with open_seats(n_phones + 1, is_secure=server.url.startswith("https")) as (warm_up, *seats):
        # The first recording of a server's life loads the model; what is measured is a server at work.
        asyncio.run(_run([Pair(server.url, warm_up, WARM_UP_S, seed=n_phones)], spread_s=0.0))
        cpu_before_s = server.cpu_s()
        pairs = [Pair(server.url, seat, seconds, seed) for seed, seat in enumerate(seats)]
        measured = asyncio.run(_run(pairs, spread_s))
        cpu_after_s, rss_mb = server.cpu_s(), server.rss_mb()
    latencies_ms = [value for one in measured for value in one.latencies_ms]
    return {
        "phones": n_phones,
        "seconds": seconds,
        "samples_sent": sum(one.samples_sent for one in measured),
        "samples_acknowledged": sum(one.samples_acknowledged for one in measured),
        "samples_stored": sum(one.samples_stored for one in measured),
        "latency_ms": percentiles(latencies_ms),
        "frames_seen": len(latencies_ms),
        "stop_to_stored_ms": percentiles([one.stop_to_stored_ms for one in measured]),
        "stop_to_result_ms": percentiles([one.stop_to_result_ms for one in measured]),
        "stop_spread_s": spread_s,
        "analyses": {status: n for status in ("done", "failed", "none") if (n := _count(measured, status))},
        "all_hashes_match": all(one.match for one in measured),
        "server_cpu_s": None if cpu_before_s is None else round(cpu_after_s - cpu_before_s, 2),
        "server_rss_mb": None if rss_mb is None else round(rss_mb, 1),
        "machine": describe_machine(),
    }


async def _run(pairs: list[Pair], spread_s: float) -> list[Measured]:
    """All phones open first; then they record together, their stops `spread_s` apart from first to last."""
    everybody_ready = asyncio.Barrier(len(pairs))
    step_s = spread_s / max(1, len(pairs) - 1)
    return await asyncio.gather(*(pair.run(n * step_s, everybody_ready) for n, pair in enumerate(pairs)))


def _count(measured: list[Measured], status: str) -> int:
    return sum(one.analysis_status == status for one in measured)


def percentiles(values: list[float | None]) -> dict[str, float] | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    if len(known) == 1:
        return {"p50": round(known[0], 1), "p95": round(known[0], 1), "p99": round(known[0], 1)}
    cuts = statistics.quantiles(known, n=100, method="inclusive")
    return {"p50": round(cuts[49], 1), "p95": round(cuts[94], 1), "p99": round(cuts[98], 1)}


if __name__ == "__main__":
    main()
