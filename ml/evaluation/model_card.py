"""Writes docs/model-card.md from the figures stored beside the model; nobody types a figure."""

import json
import math
from pathlib import Path
from typing import Any

from ml.evaluation.metrics import predictive_values
from ml.evaluation.plots import write_plots
from ml.evaluation.predictions import Predictions
from ml.evaluation.store import read_figures
from ml.inference.artefact import Artefact, load_artefact

PREDICTIONS_FILE = "predictions.json"
BASELINE_FILE = "baseline.json"
_PLOTS_FOLDER = "model-card"
_PREVALENCES = (0.02, 0.1, 0.2, 0.5)

_SCOPE = """\
## What it is for

A second opinion for a qualified person who listens to a heart-sound recording of an adult. It is research software, not
a medical device. It says whether a recording resembles those labelled abnormal; it names no lesion and excludes none.

## What it learnt from

{description}: {recordings} recordings of {subjects} subjects (SHA-256 of the record list `{sha256}`). They were made
with 2 kHz electronic stethoscopes and similar sensors at six sites, mostly of adults. Each database is one device,
one site and one mix of patients. **"Abnormal" is a patient's label, not an audible finding**: many abnormal recordings
are of coronary artery disease, innocent murmurs or valve prolapse. Everything above 1 kHz is unknown to the model.

## What it is not

It was never judged on recordings of a phone's built-in microphone: **accuracy on phones is not established**. It was
not made for children, for prosthetic valves, or for lung sounds. A Normal does not rule out heart disease.
"""


def write_model_card(model_dir: Path, path: Path) -> Path:
    """Write the card of the model in `model_dir` to `path`, its plots into a folder beside it; returns `path`."""
    artefact = load_artefact(model_dir)
    figures = read_figures(model_dir)
    baseline_path = model_dir / BASELINE_FILE
    sections = [
        _head(artefact),
        _SCOPE.format(
            description=artefact.training_data.description,
            recordings=artefact.training_data.n_recordings,
            subjects=artefact.training_data.n_subjects,
            sha256=artefact.training_data.sha256[:16],
        ),
    ]
    if "out_of_fold" in figures:
        sections.append(_held_out(figures))
        plots = write_plots(
            path.parent / _PLOTS_FOLDER, figures, Predictions.load(model_dir / PREDICTIONS_FILE)
        )
        sections.append("\n".join(f"![{plot.stem}]({_PLOTS_FOLDER}/{plot.name})" for plot in plots))
    if "lodo" in figures:
        sections.append(_lodo(figures["lodo"]))
    if baseline_path.exists():
        sections.append(_baseline(json.loads(baseline_path.read_text(encoding="utf-8"))))
    if "stress" in figures:
        sections.append(_stress(figures["stress"]))
    if figures.get("readings", {}).get("heart_rate"):
        sections.append(_heart_rate(figures["readings"]["heart_rate"]))
    if artefact.parity:
        sections.append(_parity(dict(artefact.parity)))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(section.rstrip() + "\n" for section in sections), encoding="utf-8")
    return path


def _head(artefact: Artefact) -> str:
    members = ", ".join(f"{member.name} ({member.weight:.2f})" for member in artefact.members)
    return f"""\
# Model card: {artefact.name} {artefact.version}

Written by `manage.py evaluate_model --card`; every figure comes from the JSON files beside the model.

| | |
|---|---|
| members (weight in the mean logit) | {members} |
| made | {artefact.created_at}, code {artefact.code_version}, seed {artefact.seed} |
| licence | {artefact.licence} |
| share of abnormal that p assumes | {artefact.assumed_prevalence:.3f} |
"""


def _held_out(figures: dict[str, Any]) -> str:
    table = figures["out_of_fold"]
    ranking = table["ranking"]
    lines = [
        "## Subjects it had not heard",
        "",
        f"{ranking['n']} recordings of {ranking['n_subjects']} subjects, {figures['what']}; seed {figures['seed']},"
        f" code {figures['code_version']}.",
        "",
        *_ranking_rows(ranking),
        "",
    ]
    if len(figures.get("members", {})) > 1:
        lines += ["| member alone | macro AUC a, b, d, f | pooled AUC |", "|---|---|---|"]
        for name, member in figures["members"].items():
            own = member["ranking"]
            lines.append(f"| {name} | {_number(own['macro_auc_abdf'])} | {_number(own['pooled_auc'])} |")
        lines.append("")
    for name, point in table["operating_points"].items():
        lines += [
            f"### Operating point `{name}`: abnormal from p = {_number(point['threshold'])},"
            f" unsure between {_number(point['unsure_band'][0])} and {_number(point['unsure_band'][1])}",
            "",
            *_decision_rows(point["groups"]),
            "",
        ]
    pooled = table["operating_points"]["balanced"]["groups"]["pooled"]["forced"]
    lines += ["| where this share is abnormal | PPV | NPV |", "|---|---|---|"]
    for prevalence in _PREVALENCES:
        ppv, npv = predictive_values(pooled["se"], pooled["sp"], prevalence)
        lines.append(f"| {prevalence:.0%} | {_number(ppv)} | {_number(npv)} |")
    return "\n".join(lines)


def _lodo(section: dict[str, Any]) -> str:
    lines = [
        "## Databases it had not heard",
        "",
        f"{section['what'].capitalize()}; seed {section['seed']}.",
        "",
    ]
    lines += [*_ranking_rows(section["ranking"]), "", *_decision_rows(section["balanced"])]
    if len(section["members"]) > 1:
        lines += ["", "| member alone | mean AUC a, b, c, d, f | e |", "|---|---|---|"]
        for name, own in section["members"].items():
            lines.append(f"| {name} | {_number(own['mean_auc_abcdf'])} | {_number(own['auc'].get('e'))} |")
    return "\n".join(lines)


def _baseline(figures: dict[str, Any]) -> str:
    table = figures["out_of_fold"]
    lines = [
        "## The baseline: preset `opsfusion`",
        "",
        f"The original system's features and network, trained by the same command; {figures['what']}.",
        "",
        *_ranking_rows(table["ranking"]),
        "",
        *_decision_rows(table["operating_points"]["balanced"]["groups"]),
    ]
    return "\n".join(lines)


def _stress(section: dict[str, Any]) -> str:
    lines = [
        "## What a phone might do to the sound",
        "",
        f"{section['n']} recordings, {section['what']}; seed {section['seed']}.",
        "",
        "| change | macro AUC a, b, d, f | pooled AUC | Se | Sp | MAcc |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in section["rows"].items():
        cells = [_number(row[key]) for key in ("macro_auc_abdf", "pooled_auc", "se", "sp", "macc")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _heart_rate(figures: dict[str, Any]) -> str:
    return f"""\
## Heart rate and S1 against the ECG of database a

{figures["recordings"]} recordings whose ECG gives a reliable reference ({figures["left_out_by_ecg"]} have none). The
segmentation was trained on recordings of this database; these figures are not of unseen subjects.

| heart rate within 5/min | no answer | halved | doubled | S1 sensitivity | S1 PPV |
|---|---|---|---|---|---|
| {_number(figures["within_5_bpm"])} | {_number(figures["no_answer"])} | {_number(figures["halved"])} \
| {_number(figures["doubled"])} | {_number(figures["s1_sensitivity"])} | {_number(figures["s1_ppv"])} |
"""


def _parity(parity: dict[str, Any]) -> str:
    rows = [f"| {name} | {value} |" for name, value in sorted(parity.items())]
    return "\n".join(["## Exported files against Keras", "", "| | |", "|---|---|", *rows])


def _ranking_rows(ranking: dict[str, Any]) -> list[str]:
    bounds = ranking["interval_95"]
    rows = ["| | AUC | 95 % interval by subject |", "|---|---|---|"]
    for name, value in ranking["auc"].items():
        rows.append(f"| {name} | {_number(value)} | {_interval(bounds.get(f'auc_{name}'))} |")
    for title, key, short in (
        ("**macro a, b, d, f**", "macro_auc_abdf", "macro_abdf"),
        ("mean a, b, c, d, f", "mean_auc_abcdf", "mean_abcdf"),
        ("pooled", "pooled_auc", "pooled"),
    ):
        rows.append(f"| {title} | {_number(ranking[key])} | {_interval(bounds.get(short))} |")
    return rows


def _decision_rows(groups: dict[str, Any]) -> list[str]:
    rows = [
        "| | n | Se | Sp | MAcc | three-way MAcc | answered | Brier | ECE |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, group in groups.items():
        forced, three_way = group["forced"], group["three_way"]
        cells = [forced["se"], forced["sp"], forced["macc"], three_way["macc"], three_way["coverage"]]
        numbers = " | ".join(_number(value) for value in (*cells, group["brier"], group["ece"]))
        rows.append(f"| {name} | {group['n']} | {numbers} |")
    return rows


def _number(value: float | None) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.3f}"


def _interval(bounds: list[float] | None) -> str:
    return "-" if not bounds else f"{bounds[0]:.3f} to {bounds[1]:.3f}"
