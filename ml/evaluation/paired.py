"""Two models on the same recordings: paired differences over repetitions, with intervals by subject.

d and f are small, so that two models are compared on the same subjects, resampled together, and never by whether their
own intervals overlap.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ml.data.physionet import DatasetError
from ml.evaluation.bootstrap import REPLICATES, bounds, subject_weights
from ml.evaluation.predictions import Predictions
from ml.evaluation.tables import auc_figures, resampled_auc_figures


@dataclass(frozen=True)
class Run:
    """Held-out predictions of every recording in one repetition."""

    fold_seed: int
    seed: int
    predictions: Predictions


@dataclass(frozen=True)
class StoredRuns:
    """What one model said, repetition by repetition; `kind` is "folds" or "lodo"."""

    name: str
    kind: str
    provenance: dict[str, Any]
    runs: tuple[Run, ...]

    def save(self, path: Path) -> None:
        """Write as JSON."""
        content = {
            "name": self.name,
            "kind": self.kind,
            "provenance": self.provenance,
            "runs": [
                {"fold_seed": run.fold_seed, "seed": run.seed, "predictions": run.predictions.as_dict()}
                for run in self.runs
            ],
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "StoredRuns":
        """Read what `save` wrote. Raises DatasetError for anything else."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            runs = [
                Run(own["fold_seed"], own["seed"], Predictions.from_dict(own["predictions"]))
                for own in content["runs"]
            ]
            return cls(content["name"], content["kind"], content["provenance"], tuple(runs))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DatasetError(
                f"{path} holds no held-out predictions; make one with --folds or --lodo and --predictions."
            ) from error


def load_pair(one: Path, other: Path) -> tuple[StoredRuns, StoredRuns]:
    """What `StoredRuns.save` wrote of two models; those of one name get their file's beside it. Raises DatasetError."""
    first, second = StoredRuns.load(one), StoredRuns.load(other)
    if first.name != second.name:
        return first, second
    return (
        replace(first, name=f"{first.name} ({one.stem})"),
        replace(second, name=f"{second.name} ({other.stem})"),
    )


def compare(
    first: StoredRuns,
    second: StoredRuns,
    *,
    seed: int = 0,
    replicates: int = REPLICATES,
) -> dict[str, Any]:
    """First minus second, each figure's mean over the repetitions that both have.

    A replicate draws subjects with replacement within each database, the same for both models and all repetitions.
    Raises DatasetError where the two were not judged on the same recordings.
    """
    pairs = _pairs(first, second)
    ones = [auc_figures(one) for one, _ in pairs]
    others = [auc_figures(other) for _, other in pairs]
    differences = {
        key: [one[key] - other[key] for one, other in zip(ones, others, strict=True)] for key in ones[0]
    }
    weights = subject_weights(pairs[0][0], seed=seed, replicates=replicates)
    drawn = [
        (resampled_auc_figures(one, weights), resampled_auc_figures(other, weights)) for one, other in pairs
    ]
    return {
        "first": first.name,
        "second": second.name,
        "kind": first.kind,
        "repetitions": len(pairs),
        "recordings": len(pairs[0][0]),
        "subjects": pairs[0][0].n_subjects,
        "seed": seed,
        "replicates": replicates,
        "provenance": {"first": first.provenance, "second": second.provenance},
        "differences": {
            key: {
                "first": float(np.mean([own[key] for own in ones])),
                "second": float(np.mean([own[key] for own in others])),
                "difference": float(np.mean(differences[key])),
                "interval_95": bounds(np.mean([one[key] - other[key] for one, other in drawn], axis=0)),
                "sd_over_repetitions": _sd(differences[key]),
                "by_repetition": differences[key],
            }
            for key in ones[0]
        },
    }


def _pairs(first: StoredRuns, second: StoredRuns) -> list[tuple[Predictions, Predictions]]:
    if first.kind != second.kind:
        raise DatasetError(f"{first.name} was judged by {first.kind}, {second.name} by {second.kind}.")
    others = {(run.fold_seed, run.seed): run.predictions for run in second.runs}
    shared = [run for run in first.runs if (run.fold_seed, run.seed) in others]
    if not shared:
        raise DatasetError(f"{first.name} and {second.name} have no pair of fold seed and seed in common.")
    return _aligned([(run.predictions, others[run.fold_seed, run.seed]) for run in shared])


def _aligned(pairs: Sequence[tuple[Predictions, Predictions]]) -> list[tuple[Predictions, Predictions]]:
    """All in the order of the recordings' names, so that one draw of rows serves every one of them."""
    ordered = [(_by_name(one), _by_name(other)) for one, other in pairs]
    reference = ordered[0][0]
    for one, other in ordered:
        for own in (one, other):
            if not (
                np.array_equal(own.file_ids, reference.file_ids)
                and np.array_equal(own.labels, reference.labels)
                and np.array_equal(own.subjects, reference.subjects)
            ):
                raise DatasetError("The two were not judged on the same recordings of the same subjects.")
    return ordered


def _by_name(predictions: Predictions) -> Predictions:
    return predictions.take(np.argsort(predictions.file_ids))


def _sd(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
