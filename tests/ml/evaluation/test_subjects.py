import numpy as np
import pytest

from ml.evaluation.calibration import Threshold
from ml.evaluation.decisions import Decided, decision_table
from ml.evaluation.predictions import Predictions
from ml.evaluation.subjects import by_subject


@pytest.fixture
def decided():
    """Two subjects of b with two recordings each, one of c; a subject of a with both labels."""
    scores = np.array([2.0, -1.0, -3.0, 1.0, 0.5, 4.0, -4.0])
    predictions = Predictions(
        file_ids=np.array(list("tuvwxyz")),
        databases=np.array(list("bbbbcaa")),
        subjects=np.array(["p", "p", "q", "q", "r", "mixed", "mixed"]),
        labels=np.array([1, 1, 0, 0, 1, 1, 0]),
        usable=np.ones(7, bool),
        scores=scores,
    )
    return Decided.at(predictions, 1 / (1 + np.exp(-scores)), Threshold(0.5, (0.4, 0.6)))


def test_a_subject_is_the_mean_of_its_recordings(decided):
    result = by_subject(decided, replicates=0)
    assert result["n"] == 3
    assert result["left_out"] == 1
    assert result["auc"]["b"] == 1.0
    assert result["forced"]["b"] == {"n": 2, "se": 1.0, "sp": 1.0, "macc": 1.0}
    assert np.isnan(result["auc"]["c"])
    assert result["pooled_auc"] == 1.0


def test_the_share_of_its_own_moves_the_odds(decided):
    group = decision_table(decided)["groups"]["b"]
    assert group["prevalence"] == 0.5
    low = Decided.at(
        decided.predictions, decided.probabilities, Threshold(0.5, (0.4, 0.6)), assumed_prevalence=0.5
    )
    unchanged = decision_table(low)["groups"]["b"]
    assert unchanged["own_prevalence"]["ece"] == pytest.approx(unchanged["ece"])
    assert group["own_prevalence"]["ece"] != pytest.approx(group["ece"])
