"""Writes docs/model-card.md from the figures stored beside the model; nobody types a figure."""

import json
from pathlib import Path

from ml.dsp.quality import PARAMETERS_FILE as QUALITY_FILE
from ml.evaluation import card_sections as sections
from ml.evaluation.card_glance import at_a_glance
from ml.evaluation.card_text import LIMITS, READING_THE_TABLES, SCOPE
from ml.evaluation.plots import write_plots
from ml.evaluation.predictions import Predictions
from ml.evaluation.store import BASELINE_FILE, read_figures
from ml.inference.artefact import load_artefact

PREDICTIONS_FILE = "predictions.json"
_PLOTS_FOLDER = "model-card"


def write_model_card(model_dir: Path, path: Path) -> Path:
    """Write the card of the model in `model_dir` to `path`, its plots into a folder beside it; returns `path`."""
    artefact = load_artefact(model_dir)
    figures, baseline = read_figures(model_dir), read_figures(model_dir, BASELINE_FILE)
    stored = model_dir / PREDICTIONS_FILE
    plots = write_plots(
        path.parent / _PLOTS_FOLDER,
        figures,
        Predictions.load(stored) if stored.exists() else None,
        baseline,
    )
    judged = json.loads(QUALITY_FILE.read_text(encoding="utf-8")).get("judged", {})
    training = artefact.training_data
    parts = [
        sections.head(artefact),
        at_a_glance(figures, baseline),
        SCOPE.format(
            description=training.description,
            recordings=training.n_recordings,
            subjects=training.n_subjects,
            sha256=training.sha256[:16],
        ),
        READING_THE_TABLES,
        sections.held_out(figures["folds"], plots) if "folds" in figures else "",
        sections.left_out(figures["lodo"]) if "lodo" in figures else "",
        sections.without_e(figures["without_e"]) if "without_e" in figures else "",
        sections.baseline_tables(baseline) if baseline.keys() & {"folds", "lodo"} else "",
        sections.comparisons(figures["comparisons"]) if "comparisons" in figures else "",
        sections.stress(figures["stress"], plots) if "stress" in figures else "",
        sections.short_clips(figures["short_clips"]) if "short_clips" in figures else "",
        sections.heart_rate(figures),
        sections.quality(judged) if "clear" in judged else "",
        LIMITS,
        sections.parity(artefact.parity) if artefact.parity else "",
        sections.sources(figures, baseline),
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(part.rstrip() + "\n" for part in parts if part), encoding="utf-8")
    return path
