"""Folds by subject, over again with other folds and other training seeds; with or without a database.

What is decided of a fold is decided with what the other folds chose: calibration, thresholds and the unsure band never
saw its labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ml.evaluation.bootstrap import REPLICATES
from ml.evaluation.choices import Chosen, choose
from ml.evaluation.decisions import POOLED, Decided, decision_table
from ml.evaluation.held_out import HeldOut
from ml.evaluation.study import Study
from ml.evaluation.subjects import by_subject
from ml.evaluation.tables import ranking
from ml.training.folds import Plan, as_predictions, cross_validation, folds_of_seed
from ml.training.held_out import held_out_logits

WHAT = (
    "held-out folds by subject; calibration, thresholds and unsure band of a fold were chosen on the others"
)


@dataclass(frozen=True)
class Repetition:
    """One way of dealing subjects out (`fold_seed`) and one training seed."""

    fold_seed: int
    seed: int


@dataclass(frozen=True)
class Outcome:
    """All folds of a repetition: their plans, logits, what was chosen for each, and what follows."""

    repetition: Repetition
    plans: list[Plan]
    parts: list[HeldOut]
    chosen: list[Chosen]
    decided: dict[str, Decided]


def fold_plans(study: Study, fold_seed: int, without: str | None = None) -> list[Plan]:
    """The plans of a way of dealing subjects out; the prepared one for its own seed."""
    if fold_seed == study.prepared_seed:
        return cross_validation(study.corpus, without=without)
    folds = folds_of_seed(study.corpus, fold_seed, study.n_folds)
    return cross_validation(study.corpus, folds, prefix=f"split{fold_seed}-", without=without)


def judge_folds(
    study: Study, repetition: Repetition, *, without: str | None = None, keep: bool = False
) -> Outcome:
    """Train what is not stored, and decide. With `keep` the trained members are stored as well."""
    plans = fold_plans(study, repetition.fold_seed, without)
    indices, logits = held_out_logits(
        study.members,
        study.corpus,
        plans,
        seed=repetition.seed,
        directory=study.folds_dir(repetition.seed),
        report=study.report,
        keep=keep,
    )
    parts = HeldOut(indices, logits).split([len(plan.test) for plan in plans])
    chosen = cross_fitted(study, parts)
    decided = [own.decide(study.corpus, choices) for own, choices in zip(parts, chosen, strict=True)]
    return Outcome(
        repetition,
        plans,
        parts,
        chosen,
        {name: Decided.joined([own[name] for own in decided]) for name in decided[0]},
    )


def cross_fitted(study: Study, parts: Sequence[HeldOut]) -> list[Chosen]:
    """For each fold what the rule of the release chooses on the other folds."""
    shares = study.equal_or_own_shares
    result = []
    for place in range(len(parts)):
        others = HeldOut.joined([part for number, part in enumerate(parts) if number != place])
        result.append(choose(study.corpus, others.indices, others.logits, shares, databases_alike=False))
    return result


def evaluate_folds(
    study: Study,
    repetitions: Sequence[Repetition],
    *,
    without: str | None = None,
    keep: bool = False,
    replicates: int = REPLICATES,
) -> tuple[dict[str, Any], list[Outcome]]:
    """The section `folds` of the figures: the first repetition in full, the others in a line each."""
    outcomes = [judge_folds(study, own, without=without, keep=keep) for own in repetitions]
    first, seed = outcomes[0], repetitions[0].seed
    section = study.provenance([own.seed for own in repetitions]) | {
        "what": WHAT if without is None else f"{WHAT}; database {without} neither learnt from nor judged",
        "without": without,
        "seed": seed,
        "fold_seed": repetitions[0].fold_seed,
        "ranking": ranking(first.decided["balanced"].predictions, seed=seed, replicates=replicates),
        "by_subject": by_subject(first.decided["balanced"], seed=seed, replicates=replicates),
        "members": _members_alone(study, first),
        "chosen": [own.as_dict(study.names) for own in first.chosen],
        "operating_points": {
            name: decision_table(own, seed=seed, replicates=replicates) for name, own in first.decided.items()
        },
        "repetitions": [_line(own) for own in outcomes],
    }
    section["over_repetitions"] = _spread(section["repetitions"])
    return section, outcomes


def _members_alone(study: Study, outcome: Outcome) -> dict[str, Any]:
    together = HeldOut.joined(outcome.parts)
    return {
        name: ranking(
            as_predictions(study.corpus, together.indices, np.nan_to_num(together.logits[:, column])),
            replicates=0,
        )
        for column, name in enumerate(study.names)
    }


def _line(outcome: Outcome) -> dict[str, Any]:
    balanced = outcome.decided["balanced"]
    own = ranking(balanced.predictions, replicates=0)
    pooled = decision_table(balanced)["groups"][POOLED]
    return {
        "fold_seed": outcome.repetition.fold_seed,
        "seed": outcome.repetition.seed,
        "figures": {f"auc_{name}": value for name, value in own["auc"].items()}
        | {"macro_auc_abdf": own["macro_auc_abdf"], "pooled_auc": own["pooled_auc"]}
        | {key: pooled["forced"][key] for key in ("se", "sp", "macc")}
        | {"brier": pooled["brier"], "ece": pooled["ece"]},
    }


def _spread(lines: Sequence[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Mean and standard deviation of each figure over the repetitions."""
    result = {}
    for key in lines[0]["figures"]:
        values = np.array([line["figures"][key] for line in lines], dtype=np.float64)
        spread = float(values.std(ddof=1)) if len(values) > 1 else float("nan")
        result[key] = {"mean": float(values.mean()), "sd": spread}
    return result
