"""Every benchmark, one after another: `python -m tests.bench` (`make bench`). Figures go to bench-results/*.json."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

RESULTS = Path("bench-results")
# Name of the result to the module's own arguments.
BENCHMARKS = {
    "analysis": ["tests.bench.analysis"],
    "startup": ["tests.bench.startup"],
    "capture": ["tests.bench.capture", "--phones", "20", "--seconds", "15"],
    "pages": ["tests.bench.pages"],
    "dataset": ["tests.bench.dataset"],
}


def main() -> None:
    RESULTS.mkdir(exist_ok=True)
    failed = []
    for name, arguments in BENCHMARKS.items():
        print(f"== {name}", flush=True)
        command = [sys.executable, "-m", *arguments, "--json", str(RESULTS / f"{name}.json")]
        if subprocess.call(command) != 0:
            failed.append(name)
    print(f"Figures are in {RESULTS}/.")
    if failed:
        sys.exit(f"FAILED: {', '.join(failed)}")


if __name__ == "__main__":
    main()
