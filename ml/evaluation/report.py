"""Evaluation figures as text for a terminal."""

import math
from typing import Any


def readings_text(section: dict[str, Any]) -> str:
    """What `evaluate_model` prints of a model on a folder."""
    lines = [f"{section['model']['name']} {section['model']['version']}", *_ranking_lines(section["ranking"])]
    for name, point in section["operating_points"].items():
        lines.append(
            f"\n{name}: threshold {_number(point['threshold'])}, unsure {_band(point['unsure_band'])}"
        )
        lines.extend(_decision_lines(point["groups"]))
    heart_rate = section.get("heart_rate")
    if heart_rate:
        lines.append(
            f"\nheart rate within 5/min {_number(heart_rate['within_5_bpm'])} of {heart_rate['recordings']}"
            f"  S1 sensitivity {_number(heart_rate['s1_sensitivity'])} PPV {_number(heart_rate['s1_ppv'])}"
        )
    if section["unreadable"]:
        lines.append(f"\n{len(section['unreadable'])} recordings could not be read")
    return "\n".join(lines)


def lodo_text(section: dict[str, Any]) -> str:
    """What `evaluate_model --lodo` prints beside it."""
    lines = ["one database left out at a time", *_ranking_lines(section["ranking"])]
    lines.extend(_decision_lines(section["balanced"]))
    return "\n".join(lines)


def _ranking_lines(ranking: dict[str, Any]) -> list[str]:
    intervals = ranking["interval_95"]
    lines = [f"{ranking['n']} recordings, {ranking['n_subjects']} subjects"]
    for name, value in ranking["auc"].items():
        lines.append(f"  AUC {name}              {_number(value)} {_band(intervals.get(f'auc_{name}'))}")
    for title, key, short in (
        ("macro AUC a,b,d,f ", "macro_auc_abdf", "macro_abdf"),
        ("mean AUC a,b,c,d,f", "mean_auc_abcdf", "mean_abcdf"),
        ("pooled AUC        ", "pooled_auc", "pooled"),
    ):
        lines.append(f"  {title} {_number(ranking[key])} {_band(intervals.get(short))}")
    return lines


def _decision_lines(groups: dict[str, Any]) -> list[str]:
    lines = ["             n    Se    Sp  MAcc | 3-way MAcc coverage | Brier   ECE"]
    for name, group in groups.items():
        forced, three_way = group["forced"], group["three_way"]
        cells = [_number(forced[key]) for key in ("se", "sp", "macc")]
        lines.append(
            f"  {name:8s}{group['n']:4d} {' '.join(cells)} |      {_number(three_way['macc'])}"
            f"    {_number(three_way['coverage'])} | {_number(group['brier'])} {_number(group['ece'])}"
        )
    return lines


def _number(value: float | None) -> str:
    return "    -" if value is None or math.isnan(value) else f"{value:.3f}"


def _band(values: list[float] | None) -> str:
    return "" if not values else f"[{values[0]:.3f}, {values[1]:.3f}]"
