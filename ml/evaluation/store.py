"""Figures on disk: evaluation.json beside a model, from which every document is written, and another preset's."""

import json
from pathlib import Path
from typing import Any

from ml.evaluation.tables import without_nan
from ml.inference.artefact import load_artefact

EVALUATION_FILE = "evaluation.json"
BASELINE_FILE = "baseline.json"
_OF_A_PRESET = ("folds", "lodo", "without_", "stress", "short_clips")


def write_figures(path: Path, figures: dict[str, Any]) -> None:
    """Write figures as JSON, null where one is undefined."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(without_nan(figures), indent=1) + "\n", encoding="utf-8")


def read_figures(model_dir: Path, name: str = EVALUATION_FILE) -> dict[str, Any]:
    """The figures beside a model; empty when there are none."""
    path = model_dir / name
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def add_figures(model_dir: Path, figures: dict[str, Any], name: str = EVALUATION_FILE) -> Path:
    """Add sections to the figures beside a model, replacing those of the same name; comparisons are gathered."""
    stored = read_figures(model_dir, name)
    if "comparisons" in figures:
        figures = figures | {"comparisons": stored.get("comparisons", {}) | figures["comparisons"]}
    write_figures(model_dir / name, stored | figures)
    return model_dir / name


def save_beside(model_dir: Path, figures: dict[str, Any], *, preset: str) -> Path:
    """Keep sections beside a model: what was trained by another preset than the model's is the baseline's.

    Returns the file. Raises ArtefactError where there is no model.
    """
    trained = all(name.startswith(_OF_A_PRESET) for name in figures)
    of_another = trained and preset != load_artefact(model_dir).name
    return add_figures(model_dir, figures, BASELINE_FILE if of_another else EVALUATION_FILE)
