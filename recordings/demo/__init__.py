"""A dozen real recordings with their published labels (ATTRIBUTION.md says whose)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from recordings.refusals import refuse

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class DemoSample:
    """`label` is "normal" or "abnormal": the patient's, as published."""

    record: str
    database: str
    label: str
    duration_s: float
    sha256: str

    @property
    def file_name(self) -> str:
        return f"{self.record}.flac"

    @property
    def path(self) -> Path:
        return _FOLDER / self.file_name


@lru_cache(maxsize=1)
def demo_samples() -> tuple[DemoSample, ...]:
    listed = json.loads((_FOLDER / "samples.json").read_text(encoding="utf-8"))
    return tuple(DemoSample(**sample) for sample in listed["samples"])


def get_demo_sample(record: str) -> DemoSample:
    """Raises `upload.unknown_sample`."""
    for sample in demo_samples():
        if sample.record == record:
            return sample
    raise refuse("upload.unknown_sample")
