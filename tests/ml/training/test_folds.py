import json

import numpy as np
import pytest

from ml.data.corpus import Corpus
from ml.training.folds import (
    combined,
    cross_validation,
    leave_one_database_out,
    member_weights,
)
from ml.training.held_out import held_out_logits


class Recorder:
    """A member that remembers what it was trained on and scores by label."""

    name = "recorder"
    kind = "test"
    settings = {"depth": 1}

    def __init__(self):
        self.trained_on = []

    def fit(self, corpus, indices, *, seed, work_dir, report):
        self.trained_on.append(indices)
        return self

    def logits(self, corpus, indices):
        return corpus.labels[indices] + 0.1 * len(self.trained_on)


@pytest.fixture
def corpus(prepared_heart):
    return Corpus(prepared_heart)


def test_no_plan_judges_a_subject_it_learnt_from(corpus):
    for plan in cross_validation(corpus) + leave_one_database_out(corpus):
        assert not set(corpus.subjects[plan.train]) & set(corpus.subjects[plan.test]) - {"e_s1"}
        assert (corpus.folds[plan.test] >= 0).all()


def test_folds_judge_each_recording_once_and_doubtful_ones_never(corpus):
    judged = np.concatenate([plan.test for plan in cross_validation(corpus)])
    assert sorted(judged) == list(np.flatnonzero(corpus.folds >= 0))
    assert "e0003" not in corpus.file_ids[judged]


def test_left_out_database_is_not_trained_on(corpus):
    for plan in leave_one_database_out(corpus):
        assert not set(corpus.databases[plan.train]) & set(corpus.databases[plan.test])


def test_logits_are_kept_and_not_computed_again(corpus, tmp_path):
    plans = cross_validation(corpus)
    first = Recorder()
    settings = {"seed": 0, "directory": tmp_path, "report": lambda text: None}
    indices, logits = held_out_logits([first], corpus, plans, **settings)
    assert logits.shape == (len(indices), 1)
    assert len(first.trained_on) == len(plans)
    again = Recorder()
    _, kept = held_out_logits([again], corpus, plans, **settings)
    assert not again.trained_on
    assert np.array_equal(kept, logits)
    held_out_logits([again], corpus, plans, **(settings | {"seed": 1}))
    assert len(again.trained_on) == len(plans)
    deeper = Recorder()
    deeper.settings = {"depth": 2}
    held_out_logits([deeper], corpus, plans, **(settings | {"seed": 1}))
    assert len(deeper.trained_on) == len(plans)
    json.loads((tmp_path / "recorder" / "fold-0" / "logits.json").read_text())


def test_a_silent_member_is_left_out_of_the_mean():
    logits = np.array([[1.0, 3.0], [np.nan, 3.0], [np.nan, np.nan]])
    assert combined(logits, np.array([3.0, 1.0])).tolist() == [1.5, 3.0, 0.0]


def test_a_share_is_of_the_spread():
    logits = np.array([[1.0, 10.0], [-1.0, -10.0]])
    assert np.allclose(member_weights(logits), [10 / 11, 1 / 11])
    assert np.allclose(member_weights(logits, (1.0, 10.0)), [0.5, 0.5])
