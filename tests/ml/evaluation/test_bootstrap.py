import numpy as np
import pytest

from ml.evaluation.bootstrap import bounds, subject_weights
from ml.evaluation.calibration import Threshold
from ml.evaluation.decisions import Decided, decision_table, short_figures
from ml.evaluation.metrics import auc, weighted_auc
from ml.evaluation.predictions import Predictions
from ml.evaluation.tables import auc_figures, ranking, resampled_auc_figures


@pytest.fixture
def predictions():
    rng = np.random.default_rng(1)
    n = 300
    labels = (rng.random(n) < 0.4).astype(int)
    return Predictions(
        file_ids=np.array([f"r{i}" for i in range(n)]),
        databases=np.array(list("abcdef"))[np.arange(n) * 6 // n],
        subjects=np.array([f"s{i // 2}" for i in range(n)]),
        labels=labels,
        usable=rng.random(n) < 0.8,
        scores=np.round(labels + rng.standard_normal(n), 1),
    )


@pytest.fixture
def weights(predictions):
    return subject_weights(predictions, seed=0, replicates=40)


def test_whole_subjects_are_drawn_and_each_database_keeps_its_number(predictions, weights):
    assert weights.shape == (40, 300)
    for subject in np.unique(predictions.subjects):
        own = weights[:, predictions.subjects == subject]
        assert (own == own[:, :1]).all()
    for database in "abcdef":
        own = predictions.databases == database
        _, first = np.unique(predictions.subjects[own], return_index=True)
        assert (weights[:, np.flatnonzero(own)[first]].sum(axis=1) == len(first)).all()
    assert len(np.unique(weights, axis=0)) == 40


def test_a_weighted_auc_is_that_of_as_many_copies(predictions, weights):
    found = weighted_auc(predictions.labels, predictions.scores, weights)
    for replicate, own in enumerate(weights[:10]):
        rows = np.repeat(np.arange(300), own.astype(int))
        assert found[replicate] == pytest.approx(auc(predictions.labels[rows], predictions.scores[rows]))


def test_weights_of_one_give_the_figures_themselves(predictions):
    ones = np.ones((1, 300))
    figures = auc_figures(predictions)
    for name, value in resampled_auc_figures(predictions, ones).items():
        assert value[0] == pytest.approx(figures[name])


def test_a_replicate_without_one_label_has_no_auc():
    labels = np.array([1, 0, 0])
    found = weighted_auc(labels, np.array([0.1, 0.2, 0.3]), np.array([[0.0, 1, 1], [1, 1, 1]]))
    assert np.isnan(found[0])
    assert found[1] == 0


def test_the_intervals_of_decisions_are_those_of_copies(predictions):
    p = 1 / (1 + np.exp(-predictions.scores))
    decided = Decided.at(predictions, p, Threshold(0.5, (0.45, 0.6)))
    table = decision_table(decided, seed=0, replicates=200)
    weights = subject_weights(predictions, seed=0, replicates=200)
    copies = [decided.take(np.repeat(np.arange(300), own.astype(int))) for own in weights]
    for database in ("pooled", "c"):
        groups = [
            own if database == "pooled" else own.take(own.predictions.databases == database) for own in copies
        ]
        by_copies = [short_figures(own) for own in groups]
        for key, interval in table["groups"][database]["interval_95"].items():
            assert interval == pytest.approx(bounds(np.array([own[key] for own in by_copies]))), key


def test_an_interval_holds_its_figure_and_is_the_same_again(predictions):
    first = ranking(predictions, seed=0, replicates=60)
    low, high = first["interval_95"]["macro_abdf"]
    assert low < first["macro_auc_abdf"] < high
    assert first == ranking(predictions, seed=0, replicates=60)
    assert ranking(predictions, seed=1, replicates=60)["interval_95"] != first["interval_95"]
    assert ranking(predictions, replicates=0)["interval_95"] == {}
