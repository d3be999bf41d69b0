import json

import numpy as np
import pytest

from ml.data.physionet import DatasetError
from ml.evaluation.paired import Run, StoredRuns, compare, load_pair
from ml.evaluation.predictions import Predictions


def make_labels(rng, per_database=60, per_subject=3, databases="abcdef"):
    n = len(databases) * per_database
    number = np.arange(n)
    labels = np.repeat(rng.random(n // per_subject) < 0.4, per_subject).astype(int)
    return Predictions(
        file_ids=np.array([f"r{i:05d}" for i in number]),
        databases=np.repeat(list(databases), per_database),
        subjects=np.array([f"s{i // per_subject}" for i in number]),
        labels=labels,
        usable=np.ones(n, bool),
        scores=np.zeros(n),
    )


def said(base, separation, rng, noise=1.0):
    scores = separation * base.labels + noise * rng.standard_normal(len(base))
    return Predictions(**{**vars(base), "scores": scores})


def stored(name, *runs, kind="folds"):
    return StoredRuns(name, kind, {"code_version": "x"}, tuple(Run(i, 0, own) for i, own in enumerate(runs)))


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def test_a_model_does_not_differ_from_itself(rng):
    own = said(make_labels(rng), 1.0, rng)
    result = compare(stored("one", own), stored("other", own), replicates=40)
    for figure in result["differences"].values():
        assert figure["difference"] == 0
        assert figure["interval_95"] == [0, 0]


def test_turning_the_two_round_turns_the_sign(rng):
    base = make_labels(rng)
    one, other = stored("one", said(base, 2.0, rng)), stored("other", said(base, 1.0, rng))
    forth = compare(one, other, replicates=60)["differences"]["macro_abdf"]
    back = compare(other, one, replicates=60)["differences"]["macro_abdf"]
    assert forth["difference"] == pytest.approx(-back["difference"])
    assert forth["interval_95"] == pytest.approx([-back["interval_95"][1], -back["interval_95"][0]])
    assert forth["interval_95"][0] > 0


def test_the_order_of_the_recordings_does_not_matter(rng):
    base = make_labels(rng)
    one, other = said(base, 2.0, rng), said(base, 1.0, rng)
    shuffled = other.take(rng.permutation(len(base)))
    straight = compare(stored("one", one), stored("other", other), replicates=10)
    turned = compare(stored("one", one), stored("other", shuffled), replicates=10)
    assert json.dumps(straight) == json.dumps(turned)


def test_pairing_finds_a_difference_that_two_separate_intervals_would_hide(rng):
    """Both models err on the same recordings; one has a little more noise of its own."""
    base = make_labels(rng, per_database=120)
    shared = said(base, 1.0, rng)
    worse = Predictions(**{**vars(shared), "scores": shared.scores + 0.4 * rng.standard_normal(len(base))})
    result = compare(stored("one", shared), stored("other", worse), replicates=200)
    paired = result["differences"]["pooled"]
    unrelated = said(base, 1.0, np.random.default_rng(9))
    apart = compare(stored("one", shared), stored("other", unrelated), replicates=200)
    loose = apart["differences"]["pooled"]
    width = paired["interval_95"][1] - paired["interval_95"][0]
    assert width < 0.7 * (loose["interval_95"][1] - loose["interval_95"][0])
    assert paired["interval_95"][0] > 0


def test_copies_of_a_subjects_recordings_make_nothing_surer(rng):
    """Resampled by recording, ten copies of each would make the interval three times narrower."""
    base = make_labels(rng, per_subject=1)
    one, other = said(base, 1.5, rng), said(base, 1.0, rng)
    copies = [own.take(np.repeat(np.arange(len(base)), 10)) for own in (one, other)]
    for own in copies:
        own.file_ids[:] = [f"{i:05d}" for i in range(len(own))]
    once = compare(stored("1", one), stored("2", other), replicates=200)["differences"]["pooled"]
    tenfold = compare(stored("1", copies[0]), stored("2", copies[1]), replicates=200)
    width = np.diff(tenfold["differences"]["pooled"]["interval_95"])
    assert width == pytest.approx(np.diff(once["interval_95"]), rel=0.25)


def test_the_interval_holds_the_true_difference_about_as_often_as_it_says():
    held = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        base = make_labels(rng, per_database=40)
        result = compare(stored("1", said(base, 1.0, rng)), stored("2", said(base, 1.0, rng)), replicates=80)
        low, high = result["differences"]["pooled"]["interval_95"]
        held += low <= 0 <= high
    assert held >= 33


def test_repetitions_are_averaged_and_shown(rng):
    base = make_labels(rng)
    ones = [said(base, 1.5, rng) for _ in range(3)]
    others = [said(base, 1.0, rng) for _ in range(3)]
    own = compare(stored("1", *ones), stored("2", *others), replicates=20)["differences"]["pooled"]
    assert len(own["by_repetition"]) == 3
    assert own["difference"] == pytest.approx(np.mean(own["by_repetition"]))
    assert own["sd_over_repetitions"] == pytest.approx(np.std(own["by_repetition"], ddof=1))


def test_only_what_both_have_is_compared(rng):
    base = make_labels(rng)
    own = said(base, 1.0, rng)
    assert compare(stored("1", own, own, own), stored("2", own), replicates=2)["repetitions"] == 1
    with pytest.raises(DatasetError, match="judged by"):
        compare(stored("1", own), stored("2", own, kind="lodo"))
    with pytest.raises(DatasetError, match="same recordings"):
        compare(stored("1", own), stored("2", own.take(np.arange(100))))


def test_stored_runs_come_back_as_they_were(rng, tmp_path):
    before = stored("one", said(make_labels(rng), 1.0, rng))
    before.save(tmp_path / "deep" / "runs.json")
    after = StoredRuns.load(tmp_path / "deep" / "runs.json")
    assert after.name == "one"
    assert np.array_equal(after.runs[0].predictions.scores, before.runs[0].predictions.scores)
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(DatasetError, match="no held-out predictions"):
        StoredRuns.load(tmp_path / "other.json")


def test_two_models_of_one_name_are_told_apart_by_their_files(rng, tmp_path):
    own = said(make_labels(rng), 1.0, rng)
    for name, stem in (("heart", "before"), ("heart", "after"), ("opsfusion", "other")):
        stored(name, own).save(tmp_path / f"{stem}.json")
    pairs = [("after", "before"), ("after", "other")]
    names = [
        [runs.name for runs in load_pair(tmp_path / f"{one}.json", tmp_path / f"{other}.json")]
        for one, other in pairs
    ]
    assert names == [["heart (after)", "heart (before)"], ["heart", "opsfusion"]]
