"""What a training cost: time, throughput, memory and the GPU's use, per member and fold, in a file beside the model."""

import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data.corpus import Corpus
from ml.training.backend import Backend
from ml.training.callbacks import duration
from ml.training.gpu_use import watched_gpus
from ml.training.members import FittedMember, Member
from ml.training.meter import metering

LOG_FILE = "training_log.json"


class TrainingLog:
    """One entry per fit, written as soon as it ends. A resumed training goes on in the same file."""

    def __init__(
        self, path: Path, backend: Backend, *, resume: bool, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._path, self._clock = path, clock
        self._began = datetime.now(UTC).isoformat(timespec="seconds")
        self.backend = asdict(backend)
        self._entries: list[dict[str, Any]] = _stored_entries(path) if resume else []

    @contextmanager
    def timed(self, what: str, part: str, recordings: int) -> Iterator[None]:
        """Time what is done inside, `what` (a member or network) on `part` (a fold); written only if it ends well."""
        began = self._clock()
        with metering() as meter, watched_gpus() as gpus:
            yield
        entry: dict[str, Any] = {
            "what": what,
            "part": part,
            "recordings": recordings,
            "wall_s": round(self._clock() - began, 2),
            "peak_memory_mb": _rounded(peak_memory_mb(), 0),
            "began": self._began,
        }
        if meter.steps:
            entry |= {
                "steps": meter.steps,
                "windows": meter.examples,
                "windows_per_s": _rounded(meter.examples_per_s),
                "waiting_share": _rounded(meter.waiting_share, 3),
            }
        if gpus.use:
            entry["gpus"] = gpus.summary()
        self._entries.append(entry)
        self._write()

    def summary(self) -> str:
        """A line per member or network for the person at the terminal."""
        lines = []
        for what in dict.fromkeys(entry["what"] for entry in self._entries):
            own = [entry for entry in self._entries if entry["what"] == what]
            line = f"{what}: {len(own)} x, {duration(sum(entry['wall_s'] for entry in own))}"
            rates = [entry["windows_per_s"] for entry in own if entry.get("windows_per_s")]
            if rates:
                line += f", {np.median(rates):,.0f} windows/s"
            used = [gpu["utilisation_mean"] for entry in own for gpu in entry.get("gpus", {}).values()]
            if used:
                line += f", GPU {np.mean(used):.0f} % used"
            lines.append(line)
        if lines:
            peak_mb = max(entry["peak_memory_mb"] or 0 for entry in self._entries)
            lines.append(f"peak memory {peak_mb:,.0f} MB; all figures in {self._path}")
        return "\n".join(lines)

    def _write(self) -> None:
        content = {"backend": self.backend, "fits": self._entries}
        partial = self._path.with_suffix(".partial")
        partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        partial.replace(self._path)


@dataclass(frozen=True)
class TimedMember:
    """A member whose fits are entered in the log; otherwise the same."""

    member: Member
    log: TrainingLog

    @property
    def name(self) -> str:
        """The member's."""
        return self.member.name

    @property
    def kind(self) -> str:
        """The member's."""
        return self.member.kind

    @property
    def settings(self) -> dict[str, Any]:
        """The member's."""
        return getattr(self.member, "settings", {})

    def fit(
        self,
        corpus: Corpus,
        indices: NDArray[np.intp],
        *,
        seed: int,
        work_dir: Path,
        report: Callable[[str], object],
    ) -> FittedMember:
        """Fit on the recordings at `indices`; the last folder of `work_dir` names the part."""
        with self.log.timed(self.name, work_dir.name, len(indices)):
            return self.member.fit(corpus, indices, seed=seed, work_dir=work_dir, report=report)


def peak_memory_mb() -> float:
    """The most memory that this process has held so far; NaN where the system does not say (Windows)."""
    try:
        import resource
    except ImportError:
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def _stored_entries(path: Path) -> list[dict[str, Any]]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))["fits"]
    except (FileNotFoundError, ValueError, KeyError):
        return []


def _rounded(value: float | None, digits: int = 1) -> float | None:
    return None if value is None or math.isnan(value) else round(value, digits)
