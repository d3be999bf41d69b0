"""What each member of an ensemble is worth alone and together: AUC per database, subjects or a database held out.

    python -m ml.evaluation.member_table --dataset DIR --members phase_logistic,phase_trees --work DIR [--seed S]

Development figures, on which choices were made. Logits are kept in --work and not computed again for the same seed
and settings.
"""

import argparse
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.data.corpus import Corpus
from ml.evaluation.metrics import auc
from ml.presets import load_preset
from ml.training.ensemble import member_weights
from ml.training.folds import combined, cross_validation, leave_one_database_out
from ml.training.held_out import held_out_logits
from ml.training.members import Indices, Member

DATABASES = "abcdef"
# EVALUATION's means: c is too small within, e is told apart by its chain.
CV_MACRO, LODO_MACRO = "abdf", "abcdf"


def row(corpus: Corpus, name: str, cv: tuple[Indices, NDArray], lodo: tuple[Indices, NDArray] | None) -> str:
    """One line of the table; each argument is the judged recordings and their scores, NaN counting as 0."""
    within = _by_database(corpus, *cv)
    pooled = auc(corpus.labels[cv[0]], np.nan_to_num(cv[1]))
    text = f"| {name} | {_mean(within, CV_MACRO)} | {_each(within)} | {pooled:.3f} |"
    if lodo is not None:
        across = _by_database(corpus, *lodo)
        text += f" {_mean(across, LODO_MACRO)} | {_each(across)} |"
    return text


def _by_database(corpus: Corpus, indices: Indices, scores: NDArray) -> dict[str, float]:
    databases = corpus.databases[indices]
    return {
        d: auc(corpus.labels[indices[databases == d]], np.nan_to_num(scores[databases == d]))
        for d in DATABASES
    }


def _mean(values: dict[str, float], names: str) -> str:
    return f"{np.mean([values[d] for d in names]):.3f}"


def _each(values: dict[str, float]) -> str:
    return " ".join(f"{values[d]:.2f}" for d in DATABASES)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--dataset", type=Path, required=True, help="prepared by prepare_dataset --preset heart"
    )
    parser.add_argument("--members", required=True, help="names in ml.training.members, with commas")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-lodo", action="store_true")
    options = parser.parse_args()
    corpus, preset = Corpus(options.dataset), load_preset("heart")
    names = options.members.split(",")
    members: list[Member] = [import_module(f"ml.training.members.{name}").create(preset) for name in names]
    plans = {"cv": cross_validation(corpus)}
    if not options.no_lodo:
        plans["lodo"] = leave_one_database_out(corpus)
    judged = {
        kind: held_out_logits(
            members, corpus, own, seed=options.seed, directory=options.work / kind, report=sys.stderr.write
        )
        for kind, own in plans.items()
    }
    print("| what | macro a,b,d,f | a b c d e f | pooled | LODO mean a,b,c,d,f | LODO a b c d e f |")
    print("|---|---|---|---|---|---|")
    for column, name in enumerate(names):
        print(_line(corpus, name, {kind: (i, logits[:, column]) for kind, (i, logits) in judged.items()}))
    if len(names) > 1:
        weights = member_weights(judged["cv"][1])
        together = {kind: (i, combined(logits, weights)) for kind, (i, logits) in judged.items()}
        print(_line(corpus, " + ".join(names), together))


def _line(corpus: Corpus, name: str, scores: dict[str, tuple[Indices, NDArray]]) -> str:
    return row(corpus, name, scores["cv"], scores.get("lodo"))


if __name__ == "__main__":
    main()
