"""One recording, from file to result, on our road and on the original system's, in the same run.

`python -m tests.bench.analysis --json FILE`. CPU time, all threads counted, warm, median of the repeats; each road runs
in a process of its own, so that its resident memory is its own. `ours_ms` includes the evidence that a page shows;
`ours_answer_ms` is what `analyze` does.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.bench.machine import describe_machine

REPEATS = 21
DURATIONS_S = (10, 15)
CAPTURE_RATE_HZ = 8000


def main() -> None:
    """Run both roads and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, required=True, dest="json_path")
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--model", type=Path, help="model folder (default: the released one)")
    parser.add_argument("--road", choices=["ours", "opsfusion"], help=argparse.SUPPRESS)
    parser.add_argument("--sounds", type=Path, nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.road:
        roads = {"ours": measure_ours, "opsfusion": measure_opsfusion}
        print(json.dumps(roads[arguments.road](arguments)))
        return
    result = compare(arguments)
    arguments.json_path.parent.mkdir(parents=True, exist_ok=True)
    arguments.json_path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(
        f"10 s recording, file to result: ours {result['ours_ms']:.1f} ms of CPU, original {result['opsfusion_ms']:.1f}"
        f" ms, {result['ratio']:.1f} times less; resident {result['ours_rss_mb']:.0f} and"
        f" {result['opsfusion_rss_mb']:.0f} MB; 15 s: {result['ours_15s_ms']:.1f} ms"
    )


def compare(arguments: argparse.Namespace) -> dict:
    """Figures of both roads on the same files."""
    with tempfile.TemporaryDirectory() as folder:
        sounds = [
            write_recording(Path(folder) / f"{duration_s}.wav", duration_s) for duration_s in DURATIONS_S
        ]
        ours, opsfusion = (run_road(road, sounds, arguments) for road in ("ours", "opsfusion"))
    return {
        "ours_ms": ours["with_evidence_ms"][0],
        "opsfusion_ms": opsfusion["ms"],
        "ratio": round(opsfusion["ms"] / ours["with_evidence_ms"][0], 2),
        "ours_answer_ms": ours["answer_ms"][0],
        "ours_15s_ms": ours["with_evidence_ms"][1],
        "ours_15s_answer_ms": ours["answer_ms"][1],
        "ours_wall_ms": ours["wall_ms"],
        "opsfusion_wall_ms": opsfusion["wall_ms"],
        "ours_rss_mb": ours["rss_mb"],
        "opsfusion_rss_mb": opsfusion["rss_mb"],
        "model": ours["model"],
        "repeats": arguments.repeats,
        "machine": describe_machine(),
    }


def run_road(road: str, sounds: list[Path], arguments: argparse.Namespace) -> dict:
    """One road in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.analysis", "--json", "-", "--road", road]
    command += ["--repeats", str(arguments.repeats), "--sounds", *map(str, sounds)]
    if arguments.model:
        command += ["--model", str(arguments.model)]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(result.stdout.splitlines()[-1])


def measure_ours(arguments: argparse.Namespace) -> dict:
    """Our road: decode, read with and without evidence, serialise."""
    from ml.dsp.io import load_audio
    from ml.inference import load_predictor

    predictor = load_predictor(arguments.model)

    def road(explain: bool) -> Callable[[Path], object]:
        def read(path: Path) -> str:
            samples, fs_hz = load_audio(path)
            return json.dumps(predictor.read(samples, fs_hz, explain=explain).as_dict())

        return read

    explained = [timed(road(True), path, arguments.repeats) for path in arguments.sounds]
    answers = [timed(road(False), path, arguments.repeats) for path in arguments.sounds]
    return {
        "with_evidence_ms": [cpu_ms for cpu_ms, _ in explained],
        "answer_ms": [cpu_ms for cpu_ms, _ in answers],
        "wall_ms": explained[0][1],
        "rss_mb": resident_mb(),
        "model": {"name": predictor.name, "version": predictor.version},
    }


def measure_opsfusion(arguments: argparse.Namespace) -> dict:
    """The original road on the first file."""
    from tests.bench.opsfusion_road import open_road

    cpu_ms, wall_ms = timed(open_road(), arguments.sounds[0], arguments.repeats)
    return {"ms": cpu_ms, "wall_ms": wall_ms, "rss_mb": resident_mb()}


def timed(read: Callable[[Path], object], path: Path, repeats: int) -> tuple[float, float]:
    """Median CPU and wall time in ms, after two calls that fill caches."""
    for _ in range(2):
        read(path)
    cpu_ms, wall_ms = [], []
    for _ in range(repeats):
        cpu, wall = time.process_time(), time.perf_counter()
        read(path)
        cpu_ms.append((time.process_time() - cpu) * 1e3)
        wall_ms.append((time.perf_counter() - wall) * 1e3)
    return round(statistics.median(cpu_ms), 2), round(statistics.median(wall_ms), 2)


def resident_mb() -> float:
    """Memory of this process now."""
    return round(psutil.Process().memory_info().rss / 1e6, 1)


def write_recording(path: Path, duration_s: float) -> Path:
    """A synthetic heart as a phone would send it: 8 kHz, 16 bit."""
    import soundfile

    from tests.ml.inference.sounds import heartbeat

    soundfile.write(path, heartbeat(duration_s, CAPTURE_RATE_HZ, 72, murmur=0.2)[0], CAPTURE_RATE_HZ)
    return path


if __name__ == "__main__":
    main()
