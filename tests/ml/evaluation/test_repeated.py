import numpy as np
import pytest

from ml.evaluation.ablation import evaluate_without
from ml.evaluation.repeated import Repetition, evaluate_folds, fold_plans, judge_folds
from tests.ml.evaluation.tiny import SpyMember, TinyCorpus, study


@pytest.fixture
def corpus():
    return TinyCorpus()


def test_no_subject_is_on_both_sides_whatever_the_fold_seed(corpus, tmp_path):
    own = study(corpus, [SpyMember()], tmp_path)
    for fold_seed in range(4):
        plans = fold_plans(own, fold_seed)
        for plan in plans:
            assert not set(corpus.subjects[plan.train]) & set(corpus.subjects[plan.test])
        judged = np.concatenate([plan.test for plan in plans])
        assert sorted(judged) == list(range(len(corpus)))
    assert [plan.name for plan in fold_plans(own, 0)] == [f"fold-{k}" for k in range(5)]
    assert not np.array_equal(fold_plans(own, 1)[0].test, fold_plans(own, 2)[0].test)


def test_what_is_decided_of_a_fold_was_chosen_without_it(corpus, tmp_path):
    before = judge_folds(study(corpus, [SpyMember()], tmp_path / "1"), Repetition(0, 0))
    own = corpus.folds == 2
    corpus.labels[own] = 1 - corpus.labels[own]
    after = judge_folds(study(corpus, [SpyMember()], tmp_path / "2"), Repetition(0, 0))
    for fold, (first, second) in enumerate(zip(before.chosen, after.chosen, strict=True)):
        assert (first.as_dict(["spy"]) == second.as_dict(["spy"])) == (fold == 2)


def test_repetitions_are_trained_once_each_and_summed_up(corpus, tmp_path):
    spy = SpyMember(noise=0.5)
    own = study(corpus, [spy], tmp_path)
    repetitions = [Repetition(0, 0), Repetition(0, 1), Repetition(3, 0)]
    section, outcomes = evaluate_folds(own, repetitions, replicates=5)
    assert len(spy.trained_on) == 15
    evaluate_folds(own, repetitions, replicates=5)
    assert len(spy.trained_on) == 15
    macros = [line["figures"]["macro_auc_abdf"] for line in section["repetitions"]]
    assert len(set(macros)) == 3
    assert section["over_repetitions"]["macro_auc_abdf"]["mean"] == pytest.approx(np.mean(macros))
    assert len(outcomes[0].decided["balanced"]) == len(corpus)


def test_the_section_is_complete(corpus, tmp_path):
    section, _ = evaluate_folds(study(corpus, [SpyMember()], tmp_path), [Repetition(0, 0)], replicates=10)
    assert {"data_sha256", "recordings", "subjects", "seeds", "code_version", "members"} <= section.keys()
    group = section["operating_points"]["balanced"]["groups"]["pooled"]
    assert {"forced", "three_way", "brier", "ece", "own_prevalence", "interval_95"} <= group.keys()
    assert "challenge" in group["forced"]
    assert section["by_subject"]["n"] + section["by_subject"]["left_out"] == 120


def test_without_a_database_nothing_of_it_is_learnt_from(corpus, tmp_path):
    spy = SpyMember(gain={"e": -2.0})
    section = evaluate_without(study(corpus, [spy], tmp_path), "e", [Repetition(0, 0)], replicates=5)
    assert all("e" not in corpus.databases[learnt] for learnt in spy.trained_on)
    assert len(spy.trained_on) == 5 + 5 + 1
    assert set(section["folds"]["ranking"]["auc"]) == set("abcdf")
    assert section["lodo"]["auc"]["e"] < 0.3
    assert section["lodo"]["auc"]["a"] > 0.7
    assert section["unseen"]["balanced"]["groups"]["e"]["forced"]["macc"] < 0.5
