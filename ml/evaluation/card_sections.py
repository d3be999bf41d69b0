"""The model card's sections, one function each: stored figures in, Markdown out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ml.evaluation import rows
from ml.evaluation.card_text import IN_SAMPLE_HEART_RATE, SEGMENTATION_NOTE
from ml.evaluation.metrics import predictive_values
from ml.evaluation.text_table import Row, interval, markdown, number, signed
from ml.inference.artefact import Artefact

Section = Mapping[str, Any]
_PREVALENCES = (0.02, 0.05, 0.1, 0.2, 0.5)


def head(artefact: Artefact) -> str:
    """Name, members, seed, operating points as shipped."""
    members = ", ".join(f"{member.name} ({member.weight:.2f})" for member in artefact.members)
    about: list[Row] = [
        ("members (weight in the mean logit)", members),
        ("made", f"{artefact.created_at}, code {artefact.code_version}, seed {artefact.seed}"),
        ("licence", artefact.licence),
        ("share of abnormal that p assumes", f"{artefact.assumed_prevalence:.3f}"),
    ]
    for name, point in artefact.operating_points.items():
        about.append(
            (
                f"operating point `{name}`",
                f"abnormal from p = {point.threshold:.3f}, unsure {interval(point.unsure_band)}",
            )
        )
    lines = [f"| {name} | {value} |" for name, value in about]
    return "\n".join(
        [
            f"# Model card: {artefact.name} {artefact.version}",
            "",
            "Written by `manage.py evaluate_model --card`; every figure comes from the JSON files beside the model.",
            "[evaluation.md](evaluation.md) says how each is made.",
            "",
            "| | |",
            "|---|---|",
            *lines,
        ]
    )


def held_out(section: Section, plots: Mapping[str, Path]) -> str:
    """Folds by subject."""
    lines = [*_opening("## Subjects it had not heard", section), *_ranking(section)]
    lines += [*_pictures(plots, "roc", "auc-by-database"), *_members(section)]
    lines += [*_points(section), *_pictures(plots, "confusion", "calls-by-database")]
    lines += _pictures(plots, "reliability", "risk-coverage")
    pooled = section["operating_points"]["balanced"]["groups"]["pooled"]["forced"]
    header = ("where this share is abnormal", "PPV", "NPV")
    values: list[Row] = [
        (f"{share:.0%}", *(number(value) for value in predictive_values(pooled["se"], pooled["sp"], share)))
        for share in _PREVALENCES
    ]
    lines += [
        "Predictive values at `balanced`, from the pooled Se and Sp above:",
        "",
        *markdown(header, values),
    ]
    if len(section["repetitions"]) > 1:
        lines += ["", "### Other folds, other seeds", "", *markdown(*rows.repetition_rows(section))]
    return "\n".join(lines)


def left_out(section: Section) -> str:
    """Whole databases left out."""
    lines = [*_opening("## Databases it had not heard", section), *_ranking(section), *_members(section)]
    if section["nested"]:
        lines += ["Chosen for each without it:", ""]
    lines += [*markdown(*rows.chosen_rows(section)), "", *_points(section)]
    if len(section.get("repetitions", ())) > 1:
        lines += ["### Other seeds", "", *markdown(*rows.repetition_rows(section)), ""]
    return "\n".join(lines)


def without_e(section: Section) -> str:
    """The check for the device shortcut."""
    lines = [
        *_opening("## Trained without e", section["folds"]),
        "A model that knew e's labels by its device calls e by chance, or the wrong way round, once it never met it.",
        "",
        *_ranking(section["folds"]),
        "One more database left out as well; e by the model that learnt from the other five:",
        "",
        *_ranking({"ranking": section["lodo"]}),
        "Its calls on e, at the threshold that the folds of the others give:",
        "",
    ]
    for name, table in section["unseen"].items():
        only = {group: figures for group, figures in table["groups"].items() if group == "e"}
        lines += [f"`{name}`", "", *markdown(rows.FORCED_HEADER, rows.forced_rows(only)), ""]
        lines += [*markdown(rows.THREE_WAY_HEADER, rows.three_way_rows(only)), ""]
    return "\n".join(lines)


def baseline_tables(figures: Section) -> str:
    """The original system in the same tables."""
    lines = ["## The baseline: preset `opsfusion`", ""]
    lines.append("The original system's features and network, trained by the same command on the same folds.")
    for name, title in (
        ("folds", "### Subjects it had not heard"),
        ("lodo", "### Databases it had not heard"),
    ):
        if name in figures:
            lines += ["", *_opening(title, figures[name]), *_ranking(figures[name]), *_points(figures[name])]
    for name in ("stress", "short_clips"):
        if name in figures:
            lines += _stress_lines(figures[name], "###", name)
    return "\n".join(lines)


def comparisons(sections: Mapping[str, Section]) -> str:
    """Paired differences."""
    lines = ["## Against other models, in pairs", ""]
    for own in sections.values():
        lines += [
            f"**{own['first']} minus {own['second']}**, {_KINDS[own['kind']]}: {own['recordings']:,} recordings of"
            f" {own['subjects']} subjects, repetitions: {own['repetitions']}, replicates: {own['replicates']}.",
            "",
            *markdown(*rows.comparison_rows(own)),
            "",
        ]
    return "\n".join(lines)


_KINDS = {"folds": "subjects held out", "lodo": "databases held out"}


def stress(section: Section, plots: Mapping[str, Path]) -> str:
    """What a phone might do."""
    return "\n".join([*_stress_lines(section, "##", "stress"), "", *_pictures(plots, "stress")])


def short_clips(section: Section) -> str:
    """Two to three seconds."""
    lines = _stress_lines(section, "##", "short_clips")
    header = (
        "",
        "shift of normal",
        "shift of abnormal",
        *(f"AUC {name}" for name in section["n_by_database"]),
    )
    found: list[Row] = [
        (
            name,
            signed(row["shift_normal"], 2),
            signed(row["shift_abnormal"], 2),
            *(number(row["auc"].get(database)) for database in section["n_by_database"]),
        )
        for name, row in section["rows"].items()
    ]
    return "\n".join([*lines, "", *markdown(header, found)])


def _stress_lines(section: Section, level: str, name: str) -> list[str]:
    title = {"stress": "What a phone might do to the sound", "short_clips": "Short clips"}[name]
    counts = ", ".join(f"{database} {n}" for database, n in section["n_by_database"].items())
    return [
        f"{level} {title}",
        "",
        f"{_read(section)} of {section['n_subjects']} subjects ({counts}): {section['what']}."
        f" Seed {section['seed']}, code {section['code_version']}.",
        "",
        *markdown(rows.STRESS_HEADER, rows.stress_rows(section)),
    ]


def _read(section: Section) -> str:
    if "recordings_read" in section:
        return f"{section['n']} clips of {section['recordings_read']} recordings"
    return f"{section['n']} recordings"


def heart_rate(figures: Section) -> str:
    """Heart rate and S1 against ECG: unseen halves, then the shipped software."""
    lines = ["## Heart rate and S1 against the ECG of database a", ""]
    if "segmentation" in figures:
        own = figures["segmentation"]
        lines += [
            SEGMENTATION_NOTE.format(left_out=own["left_out_by_ecg"]),
            *markdown(*rows.segmentation_rows(own)),
            "",
        ]
    rate = figures.get("readings", {}).get("heart_rate")
    if rate:
        header = ("heart rate within 5/min", "no answer", "halved", "doubled", "S1 sensitivity", "S1 PPV")
        keys = ("within_5_bpm", "no_answer", "halved", "doubled", "s1_sensitivity", "s1_ppv")
        note = IN_SAMPLE_HEART_RATE.format(recordings=rate["recordings"], left_out=rate["left_out_by_ecg"])
        lines += [note, *markdown(header, [tuple(number(rate[key]) for key in keys)])]
    return "\n".join(lines) if len(lines) > 2 else ""


def quality(judged: Section) -> str:
    """The quality index on what it had not seen; only b and e have enough noisy recordings of both labels."""
    rejected = ("noisy rejected", "usable normal rejected", "usable abnormal rejected")
    header = ("REFERENCE-SQI, noisy against usable", "AUC", "noisy", "usable", *rejected)
    found: list[Row] = []
    for kind, title in (("unseen_subjects", "unseen subjects"), ("unseen_database", "unseen database")):
        for database in ("b", "e"):
            own = judged["clear"].get(kind, {}).get(database)
            if own:
                keys = ("noisy_rejected", "usable_normal_rejected", "usable_abnormal_rejected")
                counts = (str(own["n_noisy"]), str(own["n_usable"]))
                found.append(
                    (f"{database}, {title}", number(own["auc"]), *counts, *(number(own[key]) for key in keys))
                )
    return "\n".join(["## Signal quality", "", *markdown(header, found)]) if found else ""


def parity(measured: Mapping[str, Any]) -> str:
    """The exported files against Keras."""
    header = ("largest difference of p from Keras", "format", "difference", "on")
    found: list[Row] = [
        (member, name, f"{own['max_abs_dp']:.1e}", f"{own['n_inputs']} {own['inputs']}")
        for member, formats in sorted(measured.items())
        for name, own in sorted(formats.items())
    ]
    return "\n".join(["## Exported files", "", *markdown(header, found)])


def sources(figures: Section, baseline: Section) -> str:
    """Data, subjects, seed and code of every section."""
    header = ("section", "recordings", "subjects", "data SHA-256", "seeds", "code")
    found: list[Row] = []
    for prefix, own in (("", figures), ("opsfusion: ", baseline)):
        for name, section in own.items():
            source = section.get("folds", section) if isinstance(section, Mapping) else {}
            if "data_sha256" in source and "recordings" in source:
                seeds = ", ".join(str(seed) for seed in source["seeds"])
                counts = (f"{source['recordings']:,}", str(source["subjects"]))
                found.append(
                    (prefix + name, *counts, f"`{source['data_sha256'][:12]}`", seeds, source["code_version"])
                )
    return "\n".join(["## Where the figures come from", "", *markdown(header, found)]) if found else ""


def _opening(title: str, section: Section) -> list[str]:
    ranking = section["ranking"]
    what = section["what"][0].upper() + section["what"][1:]
    return [
        title,
        "",
        f"{what}. {ranking['n']:,} recordings of {ranking['n_subjects']} subjects; seed {section['seed']}, code"
        f" {section['code_version']}.",
        "",
    ]


def _ranking(section: Section) -> list[str]:
    table = rows.ranking_rows(section)
    header: Sequence[str] = rows.RANKING_HEADER
    if not section.get("by_subject"):
        header, table = header[:3], [row[:3] for row in table]
    return [*markdown(tuple(header), table), ""]


def _members(section: Section) -> list[str]:
    return [*markdown(*rows.member_rows(section)), ""] if len(section["members"]) > 1 else []


def _points(section: Section) -> list[str]:
    lines = []
    for name, point in section["operating_points"].items():
        lines += [f"### Operating point `{name}`", ""]
        lines += [*markdown(rows.FORCED_HEADER, rows.forced_rows(point["groups"])), ""]
        lines += [*markdown(rows.THREE_WAY_HEADER, rows.three_way_rows(point["groups"])), ""]
        lines += [*markdown(*rows.risk_rows(point)), ""]
    return lines


def _pictures(plots: Mapping[str, Path], *names: str) -> list[str]:
    found = [f"![{name}]({plots[name].parent.name}/{plots[name].name})" for name in names if name in plots]
    return [*found, ""] if found else []
