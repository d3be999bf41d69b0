"""How busy the NVIDIA cards are while something runs, asked of `nvidia-smi` every few seconds where there is one."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

_EVERY_S = 5.0
_QUERY = "--query-gpu=name,utilization.gpu,memory.used"
_TIMEOUT_S = 10


@dataclass
class GpuUse:
    """Per card, the utilisation in percent and the memory in MB of each sample."""

    use: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def sample(self, command: str) -> bool:
        """Ask once; False when there was no answer that can be read."""
        try:
            answer = subprocess.run(
                [command, _QUERY, "--format=csv,noheader,nounits"],
                capture_output=True,
                text=True,
                check=True,
                timeout=_TIMEOUT_S,
            ).stdout
            rows = [line.rsplit(",", 2) for line in answer.strip().splitlines()]
            found = [(name, float(used), float(memory)) for name, used, memory in rows]
        except (OSError, subprocess.SubprocessError, ValueError):
            return False
        for number, (name, used, memory) in enumerate(found):
            self.use.setdefault(f"{number}: {name.strip()}", []).append((used, memory))
        return bool(found)

    def summary(self) -> dict[str, dict[str, Any]]:
        """Per card: mean utilisation, most memory, and how many samples they come from."""
        return {
            name: {
                "utilisation_mean": round(sum(used for used, _ in samples) / len(samples), 1),
                "memory_mb_max": max(memory for _, memory in samples),
                "samples": len(samples),
            }
            for name, samples in self.use.items()
        }


@contextmanager
def watched_gpus() -> Iterator[GpuUse]:
    """The cards' use while the block runs; empty without `nvidia-smi`, or where it knows no card."""
    found = GpuUse()
    command = shutil.which("nvidia-smi")
    if command is None:
        yield found
        return
    ended = threading.Event()
    watcher = threading.Thread(target=_watch, args=(found, command, ended), name="gpu-use", daemon=True)
    watcher.start()
    try:
        yield found
    finally:
        ended.set()
        watcher.join(_TIMEOUT_S)


def _watch(found: GpuUse, command: str, ended: threading.Event) -> None:
    while found.sample(command) and not ended.wait(_EVERY_S):
        continue
