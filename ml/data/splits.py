"""Folds by subject: no person is in two of them, and each has its share of every database and label."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from ml.data.physionet import DatasetError, Recording

TRAINING_ONLY_FOLD = -1
HELD_BACK_FOLD = -2

# A recording of fold 0 is the test set of a single split and one of fold 1 its validation set.
_SINGLE_SPLIT = {0: "test", 1: "validation", TRAINING_ONLY_FOLD: "train", HELD_BACK_FOLD: "demo"}


def assign_folds(
    recordings: Sequence[Recording], *, folds: int, seed: int, held_back: Iterable[str] = ()
) -> dict[str, int]:
    """The fold of each recording by file name: 0..folds-1, TRAINING_ONLY_FOLD or HELD_BACK_FOLD.

    Subjects are dealt out largest first to the fold that most lacks their labels; `seed` orders subjects of equal
    size. Raises DatasetError when a database that has enough subjects of both labels misses one of them in a fold.
    """
    if folds < 2:
        raise DatasetError("At least 2 folds are needed.")
    shown = set(held_back)
    result: dict[str, int] = {}
    for database in sorted({recording.database for recording in recordings}):
        members = defaultdict(list)
        for recording in sorted(recordings):
            if recording.database != database:
                continue
            if recording.subject_id in shown:
                result[recording.file_id] = HELD_BACK_FOLD
            elif recording.training_only:
                result[recording.file_id] = TRAINING_ONLY_FOLD
            else:
                members[recording.subject_id].append(recording)
        fold_of_subject = _deal(members, folds, np.random.default_rng([seed, ord(database[0])]))
        for subject_id, own in members.items():
            for recording in own:
                result[recording.file_id] = fold_of_subject[subject_id]
    _require_both_labels(recordings, result, folds)
    return result


def single_split(fold: int) -> str:
    """The name of a fold's part when one fold alone is held out: train, validation, test or demo."""
    return _SINGLE_SPLIT.get(fold, "train")


def _deal(
    members: Mapping[str, Sequence[Recording]], folds: int, generator: np.random.Generator
) -> dict[str, int]:
    subjects = sorted(members)
    generator.shuffle(subjects)
    counts = {subject: np.bincount([r.label for r in members[subject]], minlength=2) for subject in subjects}
    total = sum(counts.values(), np.zeros(2, dtype=int))
    share = np.maximum(total / folds, 1e-9)
    # Subjects that hold many of a rare label come first: they are the ones that can leave a fold without it.
    subjects.sort(key=lambda subject: -float((counts[subject] / share).max()))
    filled = np.zeros((folds, 2))
    chosen = {}
    for subject in subjects:
        after = (filled + counts[subject]) / share
        cost = (after**2).sum(axis=1) - ((filled / share) ** 2).sum(axis=1)
        fold = int(cost.argmin())
        filled[fold] += counts[subject]
        chosen[subject] = fold
    return chosen


def _require_both_labels(recordings: Sequence[Recording], fold_of: Mapping[str, int], folds: int) -> None:
    subjects_with = defaultdict(set)
    present: Counter[tuple[str, int, int]] = Counter()
    for recording in recordings:
        fold = fold_of[recording.file_id]
        if fold >= 0:
            subjects_with[recording.database, recording.label].add(recording.subject_id)
            present[recording.database, recording.label, fold] += 1
    for (database, label), subjects in subjects_with.items():
        if len(subjects) < folds:
            continue
        for fold in range(folds):
            if not present[database, label, fold]:
                raise DatasetError(
                    f"Fold {fold} would hold no {'abnormal' if label else 'normal'} recording of {database};"
                    " choose another --seed or fewer --folds."
                )
