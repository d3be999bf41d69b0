import json

import numpy as np
import pytest

from ml.data.physionet import DatasetError
from ml.evaluation.ablation import evaluate_without
from ml.evaluation.choices import choose
from ml.evaluation.lodo import evaluate_lodo, left_out, pair_predictions
from ml.evaluation.repeated import Repetition
from tests.ml.evaluation.tiny import SpyMember, TinyCorpus, study


@pytest.fixture
def corpus():
    return TinyCorpus()


def test_nothing_of_a_database_enters_what_is_chosen_or_trained_for_it(corpus, tmp_path, monkeypatch):
    seen = []

    def spying(own_corpus, indices, logits, shares):
        seen.append(np.unique(own_corpus.databases[indices]).tolist())
        return choose(own_corpus, indices, logits, shares)

    monkeypatch.setattr("ml.evaluation.lodo.choose", spying)
    outcomes = left_out(study(corpus, [SpyMember()], tmp_path), seed=0, nested=True)
    for outcome, databases in zip(outcomes, seen, strict=True):
        assert databases == sorted(set("abcdef") - {outcome.database})
        assert set(corpus.databases[outcome.outer.indices]) == {outcome.database}


def test_a_change_of_its_own_labels_changes_no_choice_for_a_database(corpus, tmp_path):
    before = left_out(study(corpus, [SpyMember()], tmp_path / "1"), seed=0, nested=True)
    own = corpus.databases == "d"
    corpus.labels[own] = 1 - corpus.labels[own]
    corpus.cue[own] += 100
    after = left_out(study(corpus, [SpyMember()], tmp_path / "2"), seed=0, nested=True)
    for first, second in zip(before, after, strict=True):
        same = first.chosen.as_dict(["spy"]) == second.chosen.as_dict(["spy"])
        assert same == (first.database == "d")


def test_twenty_one_trainings_serve_all_and_each_pair_is_judged_without_both(corpus, tmp_path):
    spy = SpyMember()
    own = study(corpus, [spy], tmp_path)
    left_out(own, seed=0, nested=True)
    assert len(spy.trained_on) == 6 + 15
    missing = [frozenset("abcdef") - set(corpus.databases[learnt]) for learnt in spy.trained_on]
    assert len(set(missing)) == 21
    assert sorted(len(names) for names in missing) == [1] * 6 + [2] * 15
    pairs = pair_predictions(own, 0)
    assert len(pairs) == 30
    for (judged, other), held_out in pairs.items():
        assert set(corpus.databases[held_out.indices]) == {judged}
        assert (other, judged) in pairs


def test_a_stopped_run_goes_on_where_it_was(corpus, tmp_path):
    stopped = SpyMember(stop_after=9)
    with pytest.raises(KeyboardInterrupt):
        evaluate_lodo(study(corpus, [stopped], tmp_path), seed=0, nested=True, replicates=0)
    resumed, fresh = SpyMember(), SpyMember()
    section, _ = evaluate_lodo(study(corpus, [resumed], tmp_path), seed=0, nested=True, replicates=0)
    whole, _ = evaluate_lodo(study(corpus, [fresh], tmp_path / "other"), seed=0, nested=True, replicates=0)
    assert len(resumed.trained_on) == 21 - 9
    assert json.dumps(section) == json.dumps(whole)


def test_no_share_is_chosen_on_the_databases(corpus, tmp_path):
    """They are too few to choose a mixture on: even a member that runs backwards everywhere keeps its say."""
    members = [SpyMember("good"), SpyMember("bad", gain={name: -1.0 for name in "abcdef"})]
    for outcome in left_out(study(corpus, members, tmp_path), seed=0, nested=True):
        assert outcome.chosen.shares == (1.0, 1.0)


def test_a_database_that_runs_backwards_turns_no_other_round(corpus, tmp_path):
    outcomes = left_out(study(corpus, [SpyMember(gain={"e": -3.0})], tmp_path), seed=0, nested=True)
    for outcome in outcomes:
        assert outcome.chosen.platt.slope > 0
        own = outcome.decided["balanced"]
        right = (own.forced == (own.predictions.labels == 1)).mean()
        assert (right < 0.5) == (outcome.database == "e")


def test_the_section_says_where_its_figures_come_from(corpus, tmp_path):
    section, decided = evaluate_lodo(
        study(corpus, [SpyMember()], tmp_path), seed=3, nested=True, replicates=5
    )
    assert section["nested"]
    assert section["seed"] == 3
    assert section["recordings"] == len(corpus)
    assert set(section["chosen"]) == set("abcdef")
    assert section["members"].keys() == {"spy"}
    groups = section["operating_points"]["balanced"]["groups"]
    assert {"pooled", "mean_abcdf", "mean_abdf", *"abcdef"} == set(groups)
    assert groups["a"]["three_way"]["coverage"] <= 1
    low, high = groups["mean_abcdf"]["interval_95"]["macc"]
    assert low < high
    assert len(decided) == len(corpus)
    screening = section["operating_points"]["screening"]["groups"]["mean_abcdf"]["forced"]
    assert screening["se"] >= groups["mean_abcdf"]["forced"]["se"]


def test_the_plain_form_trains_six_times_and_calls_itself_development(corpus, tmp_path):
    spy = SpyMember()
    section, _ = evaluate_lodo(study(corpus, [spy], tmp_path), seed=0, nested=False, replicates=0)
    assert len(spy.trained_on) == 6
    assert "development" in section["what"]


def test_too_few_databases_are_refused_by_name(tmp_path):
    two = TinyCorpus("ae")
    with pytest.raises(DatasetError, match="too few"):
        left_out(study(two, [SpyMember()], tmp_path), seed=0, nested=True)
    with pytest.raises(DatasetError, match="no database 'x'"):
        evaluate_without(study(two, [SpyMember()], tmp_path), "x", [Repetition(0, 0)])
