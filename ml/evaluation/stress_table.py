"""The stress table and the short clips: each fold's model on recordings that it never saw, changed."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.dsp.cleaning import check_samples
from ml.dsp.quality import assess_quality, measure_level
from ml.evaluation.bootstrap import REPLICATES
from ml.evaluation.decisions import Decided, log_odds, short_figures
from ml.evaluation.fold_predictor import FoldPredictor, SoundOf
from ml.evaluation.predictions import Predictions
from ml.evaluation.stress import STRESSES, Change, short_clip, unchanged
from ml.evaluation.study import Study
from ml.evaluation.tables import ranking
from ml.inference.members import prepare
from ml.training.callbacks import duration
from ml.training.folds import as_predictions
from ml.training.members import Report

MOST_PER_GROUP = 40
CLIP_S = (2.0, 3.0)
CLIPS_PER_RECORDING = 2
# Looked at for their quality before the best are taken.
_POOL_PER_GROUP = 80
_REPORT_EVERY_S = 10.0
WHOLE, CLIP = "whole recording", "clip of 2 to 3 s"


def evaluate_stress(
    study: Study,
    folds: Sequence[FoldPredictor],
    sound_of: SoundOf,
    *,
    seed: int,
    changes: Mapping[str, Change] = STRESSES,
    most_per_group: int = MOST_PER_GROUP,
    replicates: int = REPLICATES,
) -> dict[str, Any]:
    """The section `stress`: at most `most_per_group` recordings of a database and label, the first by name."""
    chosen = [_first_of_each_group(study, fold.test, -(-most_per_group // len(folds))) for fold in folds]
    said = _read(study, folds, chosen, sound_of, changes, seed=seed, what="stress")
    return _section(study, said, "unchanged", seed=seed, replicates=replicates) | {
        "what": "recordings changed as a phone or a room would, read by the model of the fold that never saw them;"
        " unsure includes the software's own quality check",
    }


def evaluate_short_clips(
    study: Study,
    folds: Sequence[FoldPredictor],
    sound_of: SoundOf,
    *,
    seed: int,
    most_per_group: int = MOST_PER_GROUP,
    replicates: int = REPLICATES,
) -> dict[str, Any]:
    """The section `short_clips`: pieces of the recordings of best quality beside the whole ones.

    Best: rated usable by REFERENCE-SQI, and then by the signal-quality index, of each database and label.
    """
    chosen = [
        _best_of_each_group(study, fold.test, -(-most_per_group // len(folds)), sound_of) for fold in folds
    ]
    changes = {WHOLE: unchanged} | {
        f"{CLIP}, {number}": short_clip(*CLIP_S) for number in range(1, CLIPS_PER_RECORDING + 1)
    }
    said = _read(study, folds, chosen, sound_of, changes, seed=seed, what="short clips")
    clips = [said.pop(name) for name in changes if name != WHOLE]
    said[CLIP] = Decided.joined(clips)
    whole = said[WHOLE]
    said[WHOLE] = Decided.joined([whole] * len(clips))
    section = _section(study, said, WHOLE, seed=seed, replicates=replicates)
    section["recordings_read"] = len(whole)
    return section | {
        "what": f"{CLIPS_PER_RECORDING} random clips of 2 to 3 s from each recording of best quality, read by"
        " the model of the fold that never saw it",
    }


def _read(
    study: Study,
    folds: Sequence[FoldPredictor],
    chosen: Sequence[NDArray[np.intp]],
    sound_of: SoundOf,
    changes: Mapping[str, Change],
    *,
    seed: int,
    what: str,
) -> dict[str, Decided]:
    """Every chosen recording after every change."""
    progress = _Progress(study.report, what, sum(map(len, chosen)))
    parts: dict[str, list[Decided]] = {name: [] for name in changes}
    for fold, indices in zip(folds, chosen, strict=True):
        if not len(indices):
            continue
        p: dict[str, list[float]] = {name: [] for name in changes}
        calls: dict[str, list[str]] = {name: [] for name in changes}
        for index in indices:
            samples, fs_hz = sound_of(int(index))
            for number, (name, change) in enumerate(changes.items()):
                rng = np.random.default_rng([seed, int(index), number])
                reading = fold.predictor.read(change(samples, fs_hz, rng), fs_hz, explain=False)
                p[name].append(reading.probability_abnormal)
                calls[name].append(reading.label)
            progress.one_done()
        point = fold.predictor.point
        for name, own in parts.items():
            probabilities = np.array(p[name])
            n = len(indices)
            own.append(
                Decided(
                    as_predictions(study.corpus, indices, log_odds(probabilities)),
                    probabilities,
                    np.full(n, point.threshold),
                    np.array(calls[name]),
                    np.full(n, fold.assumed_prevalence),
                )
            )
    return {name: Decided.joined(own) for name, own in parts.items()}


def _section(
    study: Study, said: Mapping[str, Decided], reference: str, *, seed: int, replicates: int
) -> dict[str, Any]:
    before = said[reference].predictions
    return study.provenance([seed]) | {
        "seed": seed,
        "n": len(before),
        "n_subjects": before.n_subjects,
        "n_by_database": {
            str(name): int((before.databases == name).sum()) for name in np.unique(before.databases)
        },
        "rows": {
            name: _figures(decided, before, seed=seed, replicates=replicates)
            for name, decided in said.items()
        },
    }


def _figures(decided: Decided, before: Predictions, *, seed: int, replicates: int) -> dict[str, Any]:
    """Ranking, decisions, and how far the log odds moved from those of the unchanged recordings."""
    predictions = decided.predictions
    own = ranking(predictions, seed=seed, replicates=replicates)
    moved = predictions.scores - before.scores
    return {
        "auc": own["auc"],
        "macro_auc_abdf": own["macro_auc_abdf"],
        "mean_auc_abcdf": own["mean_auc_abcdf"],
        "pooled_auc": own["pooled_auc"],
        **short_figures(decided),
        "shift": float(moved.mean()),
        "shift_normal": _mean(moved[predictions.labels == 0]),
        "shift_abnormal": _mean(moved[predictions.labels == 1]),
        "interval_95": own["interval_95"],
    }


def _first_of_each_group(study: Study, test: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    """At most `most` recordings of each database and label, the first by name."""
    return _of_each_group(study, test, lambda own: own[:most])


def _best_of_each_group(
    study: Study, test: NDArray[np.intp], most: int, sound_of: SoundOf
) -> NDArray[np.intp]:
    usable = test[study.corpus.usable[test]]

    def best(own: NDArray[np.intp]) -> NDArray[np.intp]:
        pool = own[:_POOL_PER_GROUP]
        scores = np.array([_quality(*sound_of(int(index))) for index in pool])
        return pool[np.argsort(-scores, kind="stable")[:most]]

    return _of_each_group(study, usable, best)


def _of_each_group(
    study: Study, test: NDArray[np.intp], pick: Callable[[NDArray[np.intp]], NDArray[np.intp]]
) -> NDArray[np.intp]:
    corpus = study.corpus
    chosen = []
    for database in np.unique(corpus.databases[test]):
        for label in (0, 1):
            own = test[(corpus.databases[test] == database) & (corpus.labels[test] == label)]
            chosen.append(pick(own))
    return np.concatenate(chosen) if chosen else test[:0]


def _quality(samples: NDArray[np.float32], fs_hz: int) -> float:
    checked = check_samples(samples)
    return assess_quality(prepare(checked, fs_hz).samples, measure_level(checked, fs_hz)).score


class _Progress:
    def __init__(self, report: Report, what: str, total: int) -> None:
        self._report, self._what, self._total = report, what, total
        self._done, self._began = 0, time.monotonic()
        self._shown = self._began

    def one_done(self) -> None:
        self._done += 1
        now = time.monotonic()
        if now - self._shown < _REPORT_EVERY_S and self._done < self._total:
            return
        self._shown = now
        left_s = (now - self._began) / self._done * (self._total - self._done)
        rest = f", left about {duration(left_s)}" if self._done < self._total else ""
        self._report(f"{self._what}: {self._done} of {self._total} recordings{rest}\n")


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else float("nan")
