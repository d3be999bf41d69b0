"""Figures on disk: evaluation.json beside a model, from which every document is written."""

import json
from pathlib import Path
from typing import Any

from ml.evaluation.tables import without_nan

EVALUATION_FILE = "evaluation.json"


def write_figures(path: Path, figures: dict[str, Any]) -> None:
    """Write figures as JSON, null where one is undefined."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(without_nan(figures), indent=1) + "\n", encoding="utf-8")


def read_figures(model_dir: Path) -> dict[str, Any]:
    """The figures beside a model; empty when there are none."""
    path = model_dir / EVALUATION_FILE
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def add_figures(model_dir: Path, figures: dict[str, Any]) -> None:
    """Add sections to the figures beside a model, replacing those of the same name."""
    write_figures(model_dir / EVALUATION_FILE, read_figures(model_dir) | figures)
