from collections import Counter, defaultdict
from pathlib import Path

import pytest

from ml.data.physionet import DatasetError, Recording, held_back_subjects, read_demo_records, read_recordings
from ml.data.splits import HELD_BACK_FOLD, TRAINING_ONLY_FOLD, assign_folds, single_split


def recording(name: str, subject: str, label: int, *, training_only: bool = False) -> Recording:
    return Recording(name, name[0], label, True, subject, training_only, Path(f"{name}.wav"))


def test_no_subject_spans_two_folds(physionet_dir):
    recordings = read_recordings(physionet_dir)
    folds = assign_folds(recordings, folds=3, seed=4)
    of_subject = defaultdict(set)
    for item in recordings:
        if not item.training_only:
            of_subject[item.subject_id].add(folds[item.file_id])
    assert all(len(own) == 1 for own in of_subject.values())


def test_real_subjects_folds_and_labels(real_data):
    recordings = read_recordings(real_data)
    held_back = held_back_subjects(recordings, read_demo_records())
    for seed in (0, 1):
        folds = assign_folds(recordings, folds=5, seed=seed, held_back=held_back)
        of_subject = defaultdict(set)
        counts = Counter()
        for item in recordings:
            of_subject[item.subject_id].add(folds[item.file_id])
            counts[item.database, item.label, folds[item.file_id]] += 1
        assert all(len(own - {TRAINING_ONLY_FOLD}) <= 1 for own in of_subject.values())
        assert all(counts["a", label, fold] >= 5 for label in (0, 1) for fold in range(5))
        judged = {item.file_id for item in recordings if folds[item.file_id] >= 0}
        assert not any(item.training_only for item in recordings if item.file_id in judged)
        assert {folds[name] for name in read_demo_records()} == {HELD_BACK_FOLD}


def test_same_seed_same_folds_and_another_seed_others(physionet_dir):
    recordings = read_recordings(physionet_dir)
    first = assign_folds(recordings, folds=3, seed=0)
    assert first == assign_folds(list(reversed(recordings)), folds=3, seed=0)
    assert any(first != assign_folds(recordings, folds=3, seed=seed) for seed in (1, 2, 3))


def test_labels_are_shared_out_evenly():
    recordings = [recording(f"b{n:03d}", f"s{n}", int(n < 30)) for n in range(100)]
    folds = assign_folds(recordings, folds=5, seed=0)
    counts = Counter((item.label, folds[item.file_id]) for item in recordings)
    assert all(counts[1, fold] == 6 and counts[0, fold] == 14 for fold in range(5))


def test_doubtful_and_shown_subjects_stay_out_of_the_folds():
    recordings = [recording(f"e{n:03d}", f"s{n}", n % 2) for n in range(20)]
    recordings.append(recording("e900", "s900", 0, training_only=True))
    folds = assign_folds(recordings, folds=2, seed=0, held_back={"s3"})
    assert folds["e900"] == TRAINING_ONLY_FOLD
    assert folds["e003"] == HELD_BACK_FOLD


def test_a_fold_that_would_miss_a_label_is_refused():
    mixed = [recording(f"a{n:03d}", "big", 0) for n in range(40)]
    mixed += [recording(f"a{n:03d}", f"s{n}", 1) for n in range(40, 60)]
    mixed += [recording("a900", "t1", 0), recording("a901", "t2", 0)]
    assign_folds(mixed, folds=3, seed=0)
    with pytest.raises(DatasetError):
        assign_folds(mixed, folds=1, seed=0)


def test_names_of_a_single_split():
    assert [single_split(fold) for fold in (0, 1, 2, TRAINING_ONLY_FOLD, HELD_BACK_FOLD)] == [
        "test",
        "validation",
        "train",
        "train",
        "demo",
    ]
