"""A single network from a preset to a folder that the predictor opens, stopped early by what the preset names."""

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest

from ml.data.corpus import Corpus
from ml.evaluation.calibration import Platt, Threshold
from ml.inference import load_predictor
from ml.inference.artefact import load_artefact
from ml.presets import load_preset
from ml.training import single_inputs
from ml.training.backend import Backend
from ml.training.log import LOG_FILE, TrainingLog
from ml.training.single import _curve, train_single
from ml.training.step import TrainingStoppedError

pytestmark = pytest.mark.training

BACKEND = Backend("tensorflow", "2", "3", ("cpu",), "float32")


@pytest.fixture
def preset():
    full = load_preset("compact")
    assert full.training.score == "macro_auc"
    training = dataclasses.replace(full.training, epochs=2, steps_per_epoch=2, batch_size=8)
    return dataclasses.replace(
        full, training=training, features=dataclasses.replace(full.features, window_frames=64, step_frames=64)
    )


def train(prepared, preset, out, said):
    out.mkdir(exist_ok=True)
    log = TrainingLog(out / LOG_FILE, BACKEND, resume=False)
    return train_single(Corpus(prepared), preset, out, seed=0, resume=False, report=said.append, log=log)


def test_a_small_network_is_stopped_by_its_macro_auc_and_opens(prepared_heart, preset, tmp_path, monkeypatch):
    monkeypatch.setattr(single_inputs, "HEADLINE_DATABASES", ("a", "e"))
    said = []
    model = train(prepared_heart, preset, tmp_path / "m", said)
    metadata = json.loads((model / "metadata.json").read_text())
    scores = [epoch["macro_auc"] for epoch in metadata["history"]]
    assert len(scores) == 2
    assert metadata["best_epoch"] == int(np.argmax(scores))
    assert "on the test fold" in said[-1]
    corpus = Corpus(prepared_heart)
    validation = corpus.labels[corpus.folds == 1]
    artefact = load_artefact(model)
    curve = artefact.operating_curve
    assert (curve.n_abnormal, curve.n_normal) == (validation.sum(), (1 - validation).sum())
    assert all(curve.at_threshold(point.threshold) for point in artefact.operating_points.values())
    assert "fold 1, which ended its training and gave" in artefact.training_data.description
    fit = json.loads((model / LOG_FILE).read_text())["fits"][0]
    assert (fit["what"], fit["steps"], fit["windows"]) == ("mel_cnn", 4, 32)
    sound = np.random.default_rng(0).standard_normal(12000).astype(np.float32) * 0.1
    assert 0 <= load_predictor(model, "keras").read(sound, 2000).probability_abnormal <= 1


def test_a_missing_database_is_said_and_not_ignored(prepared_heart, preset, tmp_path):
    with pytest.raises(TrainingStoppedError, match="the validation fold lacks a database"):
        train(prepared_heart, preset, tmp_path / "m", [])


def test_a_network_that_says_the_same_of_everything_has_no_operating_curve():
    same = SimpleNamespace(labels=np.array([0, 1, 1]), scores=np.zeros(3))
    assert _curve(same, Platt(1.0, 0.0), {"balanced": Threshold(0.5, (0.5, 0.5))}) is None
