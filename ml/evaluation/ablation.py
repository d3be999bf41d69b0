"""What the model is without a database: folds and left-out databases, trained on none of it, and what it says of it."""

from collections.abc import Sequence
from typing import Any

from ml.data.physionet import DatasetError
from ml.evaluation.bootstrap import REPLICATES
from ml.evaluation.choices import Chosen, choose
from ml.evaluation.decisions import decision_table
from ml.evaluation.held_out import HeldOut
from ml.evaluation.lodo import by_left_out
from ml.evaluation.repeated import Outcome, Repetition, evaluate_folds
from ml.evaluation.study import Study
from ml.evaluation.tables import ranking
from ml.training.folds import as_predictions, leave_one_database_out, leave_two_databases_out


def evaluate_without(
    study: Study, database: str, repetitions: Sequence[Repetition], *, replicates: int = REPLICATES
) -> dict[str, Any]:
    """The section `without_<database>`: folds of the others, each other one left out too, and `database` itself.

    Calibration and threshold for `database` are those that the folds of the others give.
    """
    if database not in study.corpus.databases:
        raise DatasetError(f"There is no database {database!r} to leave out.")
    section, outcomes = evaluate_folds(study, repetitions, without=database, replicates=replicates)
    seed = repetitions[0].seed
    parts = _left_out(study, database, seed)
    own = parts.pop(database)
    return {
        "what": f"trained without database {database}",
        "folds": section,
        "lodo": _lodo(study, outcomes[0], parts, own, seed=seed, replicates=replicates),
        "unseen": _unseen(study, outcomes[0], own, seed=seed, replicates=replicates),
    }


def _left_out(study: Study, database: str, seed: int) -> dict[str, HeldOut]:
    corpus = study.corpus
    singles = [
        plan for plan in leave_one_database_out(corpus) if database not in corpus.databases[plan.train]
    ]
    pairs = [plan for plan in leave_two_databases_out(corpus) if database not in corpus.databases[plan.train]]
    found = {names[0]: own for names, own in by_left_out(study, pairs, seed) if names[0] != database}
    return found | {names[0]: own for names, own in by_left_out(study, singles, seed)}


def _lodo(
    study: Study, outcome: Outcome, parts: dict[str, HeldOut], own: HeldOut, *, seed: int, replicates: int
) -> dict[str, Any]:
    together = HeldOut.joined([*parts.values(), own])
    scores = _chosen_on_all(study, outcome).scores(together.logits)
    return ranking(as_predictions(study.corpus, together.indices, scores), seed=seed, replicates=replicates)


def _unseen(study: Study, outcome: Outcome, own: HeldOut, *, seed: int, replicates: int) -> dict[str, Any]:
    decided = own.decide(study.corpus, _chosen_on_all(study, outcome))
    return {name: decision_table(made, seed=seed, replicates=replicates) for name, made in decided.items()}


def _chosen_on_all(study: Study, outcome: Outcome) -> Chosen:
    together = HeldOut.joined(outcome.parts)
    return choose(
        study.corpus, together.indices, together.logits, study.equal_or_own_shares, databases_alike=False
    )
