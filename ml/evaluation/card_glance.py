"""The card's first table: the headline, the baseline beside it, and what was aimed at."""

from collections.abc import Mapping
from typing import Any

from ml.evaluation.stress_table import CLIP
from ml.evaluation.text_table import Row, markdown, number

Section = Mapping[str, Any]
# Key, title, the least that ships, what would win.
_AIMS = (
    ("macro", "unseen subjects: macro AUC over a, b, d, f", ".79", ".87"),
    ("macc", "unseen subjects: pooled MAcc, threshold chosen on other subjects", ".86", ".92"),
    ("ece", "unseen subjects: calibration error, pooled", ".08", ".03"),
    ("lodo", "unseen databases: mean AUC over a, b, c, d, f", ".77", ".86"),
    ("lodo_e", "unseen databases: AUC on e", ".50", ".75"),
    ("lodo_macc", "unseen databases: mean MAcc over a, b, c, d, f, threshold chosen on the others", "", ""),
    ("clip_auc", "clips of 2 to 3 s of best quality: pooled AUC", ".97", ".99"),
    ("clip_se", "the same: sensitivity, forced", ".80", ".92"),
    ("clip_sp", "the same: specificity, forced", ".85", ".92"),
    ("rate", "heart rate within 5/min of ECG", ".90", ".98"),
    ("s1_se", "S1 sensitivity", ".93", ".98"),
    ("s1_ppv", "S1 PPV", ".93", ".98"),
)


_NOTE = """\
The floor is the least that a release should show, the goal what it aims at. For clips both were set on clean clips of
another collection; those here are cut from the recordings of best quality of the six databases. Figures of unseen
subjects are the mean over all ways in which subjects were dealt out, where there is more than one."""


def at_a_glance(figures: Section, baseline: Section) -> str:
    """The headline, the baseline's beside it, and what was aimed at (floor: what must be shown; goal)."""
    ours, theirs = _headline(figures), _headline(baseline)
    found: list[Row] = [
        (title, number(ours.get(key)), number(theirs.get(key)), floor, goal)
        for key, title, floor, goal in _AIMS
        if ours.get(key) is not None
    ]
    header = ("figure", "this model", "opsfusion", "floor", "goal")
    return "\n".join(["## At a glance", "", *markdown(header, found), "", _NOTE]) if found else ""


def _headline(figures: Section) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    if "folds" in figures:
        # Over every deal of subjects: the one that was looked at while choosing flatters.
        over = figures["folds"]["over_repetitions"]
        found |= {
            key: over[name]["mean"]
            for key, name in (("macro", "macro_auc_abdf"), ("macc", "macc"), ("ece", "ece"))
        }
    if "lodo" in figures:
        ranking = figures["lodo"]["ranking"]
        groups = figures["lodo"]["operating_points"]["balanced"]["groups"]
        found |= {"lodo": ranking["mean_auc_abcdf"], "lodo_e": ranking["auc"].get("e")}
        found["lodo_macc"] = groups.get("mean_abcdf", {}).get("forced", {}).get("macc")
    if "short_clips" in figures:
        clip = figures["short_clips"]["rows"][CLIP]
        found |= {"clip_auc": clip["pooled_auc"], "clip_se": clip["se"], "clip_sp": clip["sp"]}
    if "segmentation" in figures:
        for key, name in (("rate", "rate_within_5_bpm"), ("s1_se", "s1_sensitivity"), ("s1_ppv", "s1_ppv")):
            halves = [figures["segmentation"][half][name] for half in ("first_on_second", "second_on_first")]
            found[key] = sum(halves) / 2
    return found
