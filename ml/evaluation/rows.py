"""The tables' rows, from stored sections: the same cells for the terminal and the model card."""

from collections.abc import Mapping
from typing import Any

from ml.evaluation.text_table import Row, interval, number, signed

Section = Mapping[str, Any]
GROUP_TITLES = {"mean_abdf": "mean a, b, d, f", "mean_abcdf": "mean a, b, c, d, f"}
RANKING_TITLES = (
    ("macro a, b, d, f", "macro_auc_abdf", "macro_abdf"),
    ("mean a, b, c, d, f", "mean_auc_abcdf", "mean_abcdf"),
    ("pooled", "pooled_auc", "pooled"),
)
RANKING_HEADER = ("AUC", "recordings", "95 % by subject", "per subject", "95 %")
FORCED_HEADER = ("forced", "n", "Se", "Sp", "MAcc", "95 %", "challenge", "Brier", "ECE", "ECE, own share")
THREE_WAY_HEADER = (
    "three-way",
    "MAcc",
    "answered",
    "Se",
    "Sp",
    "unsure: normal",
    "abnormal",
    "noisy",
    "usable",
)
STRESS_HEADER = (
    "change",
    "macro AUC",
    "95 %",
    "pooled",
    "Se",
    "Sp",
    "MAcc",
    "three-way",
    "answered",
    "shift",
)


def ranking_rows(table: Section) -> list[Row]:
    """AUC per database and in the mean; per recording, and per subject where a section has that."""
    ranking, people = table["ranking"], table.get("by_subject", {})
    bounds, people_bounds = ranking["interval_95"], people.get("interval_95", {})
    rows: list[Row] = [
        (
            name,
            number(value),
            interval(bounds.get(f"auc_{name}")),
            number(people.get("auc", {}).get(name)),
            interval(people_bounds.get(f"auc_{name}")),
        )
        for name, value in ranking["auc"].items()
    ]
    for title, key, short in RANKING_TITLES:
        pooled = short == "pooled"
        rows.append(
            (
                title,
                number(ranking[key]),
                interval(bounds.get(short)),
                number(people.get("pooled_auc")) if pooled else "",
                interval(people_bounds.get("pooled")) if pooled else "",
            )
        )
    return rows


def forced_rows(groups: Section) -> list[Row]:
    """Every recording called normal or abnormal, and how far the probabilities are to be believed."""
    return [
        (
            GROUP_TITLES.get(name, name),
            str(group["n"]),
            *(number(group["forced"][key]) for key in ("se", "sp", "macc")),
            interval(group.get("interval_95", {}).get("macc")),
            number(group["forced"].get("challenge", {}).get("macc")),
            number(group["brier"]),
            number(group["ece"]),
            number(group.get("own_prevalence", {}).get("ece")),
        )
        for name, group in groups.items()
    ]


def three_way_rows(groups: Section) -> list[Row]:
    """Unsure allowed: right on a recording officially noisy, wrong on a usable one."""
    rows: list[Row] = []
    for name, group in groups.items():
        own = group["three_way"]
        keys = ("unsure_normal", "unsure_abnormal", "unsure_noisy", "unsure_usable")
        rows.append(
            (
                GROUP_TITLES.get(name, name),
                number(own["macc"]),
                number(own["coverage"]),
                number(own["answered"]["se"]),
                number(own["answered"]["sp"]),
                *(number(own[key]) for key in keys),
            )
        )
    return rows


def risk_rows(point: Section) -> tuple[Row, list[Row]]:
    """The share of wrong forced calls among the surest recordings."""
    curve = point["risk_coverage"]
    header = ("only the surest are answered", *(f"{own['coverage']:.0%}" for own in curve))
    return header, [("of these wrong", *(number(own["risk"]) for own in curve))]


def chosen_rows(section: Section) -> tuple[Row, list[Row]]:
    """What was chosen without each database: threshold, band, slope."""
    header = ("without", "threshold", "unsure", "screening", "slope", "share that p assumes")
    rows: list[Row] = []
    for name, own in section["chosen"].items():
        balanced = own["operating_points"]["balanced"]
        rows.append(
            (
                name,
                number(balanced["threshold"]),
                interval(balanced["unsure_band"]),
                number(own["operating_points"]["screening"]["threshold"]),
                number(own["calibration"]["slope"]),
                number(own["assumed_prevalence"]),
            )
        )
    return header, rows


def member_rows(section: Section) -> tuple[Row, list[Row]]:
    """Each member alone."""
    rows: list[Row] = []
    for name, table in section["members"].items():
        own = table.get("ranking", table)
        rows.append(
            (
                name,
                number(own["macro_auc_abdf"]),
                number(own["mean_auc_abcdf"]),
                number(own["auc"].get("e")),
                number(own["pooled_auc"]),
            )
        )
    return ("member alone", "macro a, b, d, f", "mean a, b, c, d, f", "e", "pooled"), rows


def stress_rows(section: Section) -> list[Row]:
    """One line a change."""
    return [
        (
            name,
            number(row["macro_auc_abdf"]),
            interval(row.get("interval_95", {}).get("macro_abdf")),
            number(row["pooled_auc"]),
            *(number(row[key]) for key in ("se", "sp", "macc")),
            number(row.get("three_way_macc")),
            number(row.get("coverage")),
            signed(row.get("shift"), 2) if "shift" in row else "-",
        )
        for name, row in section["rows"].items()
    ]


def repetition_rows(section: Section) -> tuple[Row, list[Row]]:
    """Each repetition of a section in a line, then mean and standard deviation."""
    lines = section["repetitions"]
    keys = list(lines[0]["figures"])
    header = ("folds, seed", *(key.replace("auc_", "").replace("_", " ") for key in keys))
    rows: list[Row] = [
        (
            f"{line['fold_seed']}, {line['seed']}" if "fold_seed" in line else str(line["seed"]),
            *(number(line["figures"][key]) for key in keys),
        )
        for line in lines
    ]
    spread = section.get("over_repetitions")
    if spread:
        rows.append(("mean", *(number(spread[key]["mean"]) for key in keys)))
        rows.append(("sd", *(number(spread[key]["sd"]) for key in keys)))
    return header, rows


def comparison_rows(section: Section) -> tuple[Row, list[Row]]:
    """First minus second for each figure."""
    rows: list[Row] = [
        (
            key.replace("_auc", "").replace("auc_", "").replace("_", " "),
            number(own["first"]),
            number(own["second"]),
            signed(own["difference"]),
            interval(own["interval_95"]),
            number(own["sd_over_repetitions"]),
        )
        for key, own in section["differences"].items()
    ]
    return ("AUC", section["first"], section["second"], "difference", "95 % by subject", "sd"), rows


def segmentation_rows(section: Section) -> tuple[Row, list[Row]]:
    """Both halves, each judged by what was fitted on the other."""
    header = (
        "fitted on one half",
        "recordings",
        "rate within 5/min",
        "no answer",
        "halved",
        "doubled",
        "S1 Se",
        "S1 PPV",
    )
    keys = ("rate_within_5_bpm", "rate_silent", "rate_halved", "rate_doubled", "s1_sensitivity", "s1_ppv")
    titles = {
        "first_on_second": "first half, judged on second",
        "second_on_first": "second half, judged on first",
    }
    return header, [
        (title, str(section[name]["recordings"]), *(number(section[name][key]) for key in keys))
        for name, title in titles.items()
    ]
