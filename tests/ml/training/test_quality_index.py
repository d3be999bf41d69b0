"""The index is judged by models that had not seen what they are judged on, and what is stored is what was fitted."""

import json

import numpy as np
import pytest

from ml.data.not_heart_events import CHANGERS, FAMILIES
from ml.dsp import quality
from ml.training import quality_judged, quality_models
from ml.training.quality_judged import FAMILY_GROUPS
from ml.training.quality_models import export, fit
from ml.training.quality_rows import SYNTHETIC, Rows

NAMES = ["repeat", "contrast", "share_23"]


@pytest.fixture
def rows():
    """Forty subjects of two recordings in two databases; noisy ones, hearts and others differ in the numbers."""
    rng = np.random.default_rng(0)
    table = []
    for i in range(80):
        subject, clear = f"s{i // 2}", i % 4 != 0
        database = "be"[i % 8 < 4]
        for kind in ("whole", "cut", "changed", "2 to 3 s"):
            features = rng.normal([2.0, 2.0 if clear else -2.0, 0.0], 1.0)
            table.append((features, kind, f"r{i}", database, subject, i % 3 == 0, clear, ""))
    for i in range(60):
        features = rng.normal([-2.0, 0.0, 0.0], 1.0)
        table.append((features, "made", "", SYNTHETIC, "", False, False, ("tone", "music")[i % 2]))
    return Rows(*map(np.array, zip(*table, strict=True)))


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(quality_models, "N_TREES", 8)
    monkeypatch.setattr(quality_models, "FEATURES_A_SPLIT", 2)
    monkeypatch.setattr(quality_judged, "FAMILIES", {"tone": (), "music": ()})
    monkeypatch.setattr(quality_judged, "CHANGERS", {})
    monkeypatch.setattr(quality_judged, "FAMILY_GROUPS", (("tone",), ("music",)))


def test_each_family_is_left_out_once():
    groups = [family for group in FAMILY_GROUPS for family in group]
    assert sorted(groups) == sorted((*FAMILIES, *CHANGERS))


def test_no_fold_shares_a_subject_with_another(rows):
    fold = quality_judged._folds(rows, seed=0)
    real = rows.subject != ""
    for subject in set(rows.subject[real]):
        assert len(set(fold[rows.subject == subject])) == 1
    assert set(fold) == set(range(quality_judged.N_FOLDS))


def test_each_judged_model_is_fitted_without_the_subjects_and_databases_it_judges(rows, monkeypatch):
    taught = []
    fit_clear = quality_judged.fit_clear

    def watched(names, known, seed):
        taught.append((set(known.subject), set(known.database), set(known.kind)))
        return fit_clear(names, known, seed)

    monkeypatch.setattr(quality_judged, "fit_clear", watched)
    quality_judged.judge(NAMES, rows, seed=0)
    everybody = set(rows.subject) - {""}
    folds, databases = taught[: quality_judged.N_FOLDS], taught[quality_judged.N_FOLDS : -1]
    left_out = [everybody - subjects for subjects, _, _ in folds]
    assert set.union(*left_out) == everybody
    assert sum(map(len, left_out)) == len(everybody)
    assert [{"b", "e"} - known for _, known, _ in databases] == [{"b"}, {"e"}]
    assert all("2 to 3 s" not in kinds for _, _, kinds in taught), "what stresses the model must not teach it"


def test_the_figures_are_those_of_the_whole_index(rows):
    index, figures = quality_judged.judge(NAMES, rows, seed=0)
    clear = figures["clear"]["unseen_subjects"]
    assert clear["all"]["auc"] > 0.95
    assert clear["all"]["noisy_rejected"] > 0.8
    assert figures["heart"]["false_rejection"]["whole"] < 0.05
    assert {"2 to 3 s", "drowned in noise"} <= set(figures["stress"]["unseen_subjects"])
    unseen = figures["heart"]["false_acceptance_unseen_family"]
    assert set(unseen) == {"all", "made", "tone", "music"}
    assert unseen["all"]["index"] <= unseen["all"]["heart_model"] < 0.3
    assert index.logits(rows).shape == (len(rows), 2)


def test_the_stored_numbers_answer_as_the_fitted_models(rows):
    weight = np.ones(len(rows))
    fitted = fit(rows.features, rows.clear, weight, np.array([0, 1, 2]), seed=0)
    stored = json.loads(json.dumps(export(fitted, NAMES)))
    model = {
        **stored,
        "linear": quality._arrays(stored["linear"], ("mean", "sd", "weights")),
        "trees": quality._arrays(stored["trees"], ("feature", "threshold", "left", "right", "value")),
    }
    ours = [quality._logit(dict(zip(NAMES, row, strict=True)), model) for row in rows.features]
    assert ours == pytest.approx(fitted.logits(rows.features), abs=2e-3)
    assert np.ptp(ours) > 1
