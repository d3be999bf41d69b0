"""Where a model comes from: data, code, versions and licence."""

import hashlib
import json
import platform
import subprocess
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ml.data.corpus import Corpus
from ml.dsp.signal_path import signal_path
from ml.training.config import Preset

LICENCE = "Apache-2.0; trained on PhysioNet/CinC 2016 (ODC-By 1.0)"
_PACKAGES = ("keras", "tensorflow", "jax", "numpy", "scipy", "scikit-learn", "librosa", "soxr")


def data_hash(corpus: Corpus) -> str:
    """SHA-256 of the sorted "record,sha256 of its samples" lines of the recordings trained on."""
    lines = sorted(f"{row.file_id},{row.sha256}" for row in corpus.rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def code_version() -> str:
    """The commit of the source that runs, "+changes" behind it when files differ from it; "unknown" outside git."""
    here = Path(__file__).resolve().parent
    try:
        commit = _git(here, "rev-parse", "--short=12", "HEAD")
        changed = _git(here, "status", "--porcelain", "--untracked-files=no", "--", "..")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{commit}+changes" if changed else commit


def version_name(made: datetime, corpus: Corpus, settings: Any, seed: int) -> str:
    """The day, and six digits that tell apart releases of other recordings, settings, seeds or code."""
    text = json.dumps([data_hash(corpus), settings, seed, code_version()], sort_keys=True)
    return f"{made:%Y.%m.%d}+{hashlib.sha256(text.encode()).hexdigest()[:6]}"


def preprocessing(preset: Preset) -> dict[str, Any]:
    """The artefact's entry: what was computed from a recording, by which code. Read back by ml.inference.artefact."""
    entry: dict[str, Any] = {"features": asdict(preset.features), "versions": versions()}
    return entry | {"signal_path": signal_path()} if preset.members else entry


def versions() -> dict[str, str]:
    """Versions of Python and of the packages a training depends on, those that are installed."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _git(directory: Path, *arguments: str) -> str:
    result = subprocess.run(["git", *arguments], cwd=directory, capture_output=True, text=True, check=True)
    return result.stdout.strip()
