"""Leave-one-database-out: each database judged by members that never saw it, every choice made without it.

Nested, the reported form: what is chosen for a database d comes from inner predictions among the others, each database
d' judged by members trained without d and d'. A training without a pair of databases serves both of its members.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ml.data.physionet import DatasetError
from ml.evaluation.bootstrap import REPLICATES
from ml.evaluation.choices import Chosen, choose
from ml.evaluation.decisions import Decided, decision_table
from ml.evaluation.held_out import HeldOut
from ml.evaluation.study import Study
from ml.evaluation.subjects import by_subject
from ml.evaluation.tables import ranking
from ml.training.folds import Plan, as_predictions, leave_one_database_out, leave_two_databases_out
from ml.training.held_out import held_out_logits

NESTED = (
    "one database left out at a time; calibration, thresholds and unsure band for it were chosen on the other"
    " databases, each judged by members trained without both"
)
NOT_NESTED = (
    "one database left out at a time (development: calibration and thresholds for it were chosen on the other"
    " databases, judged by members that had learnt from it)"
)


@dataclass(frozen=True)
class LeftOut:
    """A database's outcome: what was said of it without it, what was chosen without it, what follows."""

    database: str
    outer: HeldOut
    chosen: Chosen
    decided: dict[str, Decided]


def single_predictions(study: Study, seed: int) -> dict[str, HeldOut]:
    """Each database by members trained without it."""
    return {names[0]: own for names, own in by_left_out(study, leave_one_database_out(study.corpus), seed)}


def pair_predictions(study: Study, seed: int) -> dict[tuple[str, str], HeldOut]:
    """(judged, other): the first by members trained without both."""
    return {
        (names[0], names[1]): own
        for names, own in by_left_out(study, leave_two_databases_out(study.corpus), seed)
    }


def left_out(study: Study, *, seed: int, nested: bool) -> list[LeftOut]:
    """Every database's outcome, in the databases' order."""
    n_databases = len(np.unique(study.corpus.databases))
    if n_databases < (3 if nested else 2):
        raise DatasetError(f"{n_databases} databases are too few to leave {'two' if nested else 'one'} out.")
    if nested:
        # All in one go, so that the time left is that of the whole.
        plans = [*leave_one_database_out(study.corpus), *leave_two_databases_out(study.corpus)]
        by_left_out(study, plans, seed)
    single = single_predictions(study, seed)
    pairs = pair_predictions(study, seed) if nested else {}
    return [
        _judge(
            study,
            database,
            outer,
            inner=HeldOut.joined(
                [pairs[other, database] if nested else single[other] for other in single if other != database]
            ),
        )
        for database, outer in single.items()
    ]


def evaluate_lodo(
    study: Study, *, seed: int, nested: bool, replicates: int = REPLICATES
) -> tuple[dict[str, Any], Decided]:
    """The section `lodo` of the figures, and the decisions at `balanced` behind it."""
    outcomes = left_out(study, seed=seed, nested=nested)
    decided = {
        name: Decided.joined([outcome.decided[name] for outcome in outcomes])
        for name in outcomes[0].chosen.points
    }
    balanced = decided["balanced"]
    section = study.provenance([seed]) | {
        "what": NESTED if nested else NOT_NESTED,
        "nested": nested,
        "seed": seed,
        "ranking": ranking(balanced.predictions, seed=seed, replicates=replicates),
        "by_subject": by_subject(balanced, seed=seed, replicates=replicates),
        "chosen": {outcome.database: outcome.chosen.as_dict(study.names) for outcome in outcomes},
        "members": _members_alone(study, outcomes),
        "operating_points": {
            name: decision_table(own, seed=seed, replicates=replicates) for name, own in decided.items()
        },
    }
    return section, balanced


def _judge(study: Study, database: str, outer: HeldOut, *, inner: HeldOut) -> LeftOut:
    if (study.corpus.databases[inner.indices] == database).any():
        raise ValueError(f"Database {database} is among the recordings that its own choices are made on.")
    chosen = choose(study.corpus, inner.indices, inner.logits, study.equal_or_own_shares)
    return LeftOut(database, outer, chosen, outer.decide(study.corpus, chosen))


def _members_alone(study: Study, outcomes: list[LeftOut]) -> dict[str, Any]:
    together = HeldOut.joined([outcome.outer for outcome in outcomes])
    return {
        name: ranking(
            as_predictions(study.corpus, together.indices, np.nan_to_num(together.logits[:, column])),
            replicates=0,
        )
        for column, name in enumerate(study.names)
    }


def by_left_out(study: Study, plans: Sequence[Plan], seed: int) -> list[tuple[tuple[str, ...], HeldOut]]:
    """For each plan and each database that it judges: that database, then the others left out; and the logits."""
    corpus = study.corpus
    indices, logits = held_out_logits(
        study.members, corpus, plans, seed=seed, directory=study.lodo_dir(seed), report=study.report
    )
    found = []
    for own in HeldOut(indices, logits).split([len(plan.test) for plan in plans]):
        databases = corpus.databases[own.indices]
        names = [str(name) for name in np.unique(databases)]
        for name in names:
            others = tuple(other for other in names if other != name)
            rows = databases == name
            found.append(((name, *others), HeldOut(own.indices[rows], own.logits[rows])))
    return found
