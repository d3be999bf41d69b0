"""Evaluation figures as text for a terminal."""

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from ml.evaluation import rows
from ml.evaluation.text_table import Row, aligned, interval, number

Section = dict[str, Any]


def readings_text(section: Section) -> str:
    """What `evaluate_model` prints of a model on a folder."""
    lines = _titled(f"{section['model']['name']} {section['model']['version']}, as it ships")
    lines += [_counted(section), *_ranking(section), *_points(section)]
    rate = section.get("heart_rate")
    if rate:
        lines += ["", *aligned(*_heart_rate_table(rate))]
    if section["unreadable"]:
        lines += ["", f"{len(section['unreadable'])} recordings could not be read"]
    return _text(lines)


def folds_text(section: Section) -> str:
    """What `evaluate_model --folds` prints."""
    lines = [*_titled("Subjects not heard"), *_wrapped(section["what"]), _counted(section)]
    lines += [*_ranking(section), *_members(section), *_points(section)]
    if len(section["repetitions"]) > 1:
        lines += ["", *aligned(*rows.repetition_rows(section))]
    return _text(lines)


def lodo_text(section: Section) -> str:
    """What `evaluate_model --lodo` prints."""
    lines = [*_titled("Databases not heard"), *_wrapped(section["what"]), _counted(section)]
    lines += [*_ranking(section), *_members(section)]
    lines += ["", *aligned(*rows.chosen_rows(section)), *_points(section)]
    if len(section.get("repetitions", ())) > 1:
        lines += ["", *aligned(*rows.repetition_rows(section))]
    return _text(lines)


def without_text(section: Section) -> str:
    """What `evaluate_model --without` prints."""
    lines = [*_titled(section["what"].capitalize()), *_wrapped(section["folds"]["what"])]
    lines += _ranking(section["folds"])
    lines += ["", "  one more database left out, and the one without which all were trained"]
    lines += _ranking({"ranking": section["lodo"]})
    for name, table in section["unseen"].items():
        lines += [
            "",
            f"  on that database, {name}",
            *aligned(rows.FORCED_HEADER, rows.forced_rows(table["groups"])),
        ]
    return _text(lines)


def stress_text(section: Section) -> str:
    """What `evaluate_model --stress` prints of either of its tables."""
    lines = [
        *_titled(f"{section['n']} readings of {section['n_subjects']} subjects' recordings"),
        *_wrapped(section["what"]),
    ]
    return _text([*lines, "", *aligned(rows.STRESS_HEADER, rows.stress_rows(section))])


def comparison_text(section: Section) -> str:
    """What `evaluate_model --compare` prints."""
    lines = _titled(f"{section['first']} against {section['second']}, {section['kind']}")
    lines.append(
        f"  {section['recordings']} recordings of {section['subjects']} subjects,"
        f" repetitions: {section['repetitions']}; a difference is first minus second"
    )
    return _text([*lines, "", *aligned(*rows.comparison_rows(section))])


def segmentation_text(section: Section) -> str:
    """What `evaluate_model --segmentation` prints."""
    lines = _titled("Heart rate and S1 against ECG, subjects not heard")
    return _text([*lines, *aligned(*rows.segmentation_rows(section))])


def _ranking(section: Section) -> list[str]:
    found = rows.ranking_rows(section)
    return ["", *aligned(*_without_empty_columns(rows.RANKING_HEADER, found))]


def _members(section: Section) -> list[str]:
    return ["", *aligned(*rows.member_rows(section))] if len(section["members"]) > 1 else []


def _points(section: Section) -> list[str]:
    lines = []
    for name, point in section["operating_points"].items():
        where = (
            f": abnormal from p = {number(point['threshold'])}, unsure {interval(point['unsure_band'])}"
            if "threshold" in point
            else ""
        )
        lines += ["", f"  operating point {name}{where}", ""]
        lines += aligned(rows.FORCED_HEADER, rows.forced_rows(point["groups"]))
        lines += ["", *aligned(rows.THREE_WAY_HEADER, rows.three_way_rows(point["groups"]))]
        lines += ["", *aligned(*rows.risk_rows(point))]
    return lines


def _heart_rate_table(rate: Section) -> tuple[Row, list[Row]]:
    header = (
        "against ECG",
        "rate within 5/min",
        "no answer",
        "halved",
        "doubled",
        "S1 sensitivity",
        "S1 PPV",
    )
    keys = ("within_5_bpm", "no_answer", "halved", "doubled", "s1_sensitivity", "s1_ppv")
    return header, [(f"{rate['recordings']} recordings", *(number(rate[key]) for key in keys))]


def _counted(section: Section) -> str:
    ranking = section["ranking"]
    return f"  {ranking['n']} recordings of {ranking['n_subjects']} subjects, seed {section['seed']}"


def _titled(title: str) -> list[str]:
    return ["", title, "═" * len(title)]


def _wrapped(text: str) -> list[str]:
    return [f"  {line}" for line in wrap(text, 96)]


def _without_empty_columns(header: Row, found: Sequence[Row]) -> tuple[Row, list[Row]]:
    kept = [place for place in range(len(header)) if any(row[place] not in ("", "-") for row in found)]
    return tuple(header[place] for place in kept), [tuple(row[place] for place in kept) for row in found]


def _text(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n"
