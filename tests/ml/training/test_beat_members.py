"""The members on beats: balanced rows, the same result from the same seed, and exports that agree with their models."""

import numpy as np
import pytest

from ml.dsp.beat_image import image_shape
from ml.dsp.phase_features import phase_feature_names
from ml.inference.engines.onnx import open_file
from ml.training.members import beat_cnn, phase_logistic, phase_trees
from ml.training.members.beats import N_VIEWS, VIEW_SETTINGS, describe, views_of
from ml.training.members.phase_rows import Rows, equal_weights
from tests.ml.dsp.heart_sounds import FS_HZ, steady

N_FEATURES = len(phase_feature_names())


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(0)
    features = random.standard_normal((400, N_FEATURES)).astype(np.float32)
    labels = (features[:, 3] + 0.5 * random.standard_normal(400) > 0).astype(int)
    return Rows(features, labels, np.ones(400))


def test_every_pair_of_database_and_label_weighs_the_same():
    databases = np.array(["a"] * 10 + ["e"] * 90)
    labels = np.array([1] * 7 + [0] * 3 + [1] * 5 + [0] * 85)
    weights = equal_weights(databases, labels)
    sums = [weights[(databases == d) & (labels == y)].sum() for d in "ae" for y in (0, 1)]
    assert sums == pytest.approx([0.25] * 4)


@pytest.mark.parametrize("member", [phase_logistic, phase_trees])
def test_an_export_agrees_with_its_model_and_the_model_has_learnt(member, rows, tmp_path):
    model = member.fit(rows, 1)
    path = tmp_path / "model.onnx"
    member.export_onnx(model, path)
    exported = open_file(path)(rows.features)
    if member is phase_trees:
        expected = phase_trees.predict_logit(model, rows.features)
        assert 1 / (1 + np.exp(-expected)) == pytest.approx(exported, abs=1e-4)
    else:
        expected = model(rows.features)
        assert expected == pytest.approx(exported, abs=1e-4)
    assert np.mean((expected > 0) == rows.labels) > 0.75


def test_trees_repeat_themselves(rows):
    first, second = (
        phase_trees.predict_logit(phase_trees.fit(rows, 3), rows.features[:20]) for _ in range(2)
    )
    assert np.array_equal(first, second)


def test_views_are_the_same_each_time_and_their_settings_are_named():
    x = steady(70, 12).x.astype(np.float32)
    first, second = views_of(x, "a0001"), views_of(x, "a0001")
    assert len(first) == N_VIEWS
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one[0], other[0])
        assert np.array_equal(one[1], other[1])
    assert not np.array_equal(first[1][0], views_of(x, "a0002")[1][0])
    assert {"cuts_s", "segmentation", "version"} <= set(VIEW_SETTINGS)


def test_sound_without_a_whole_beat_is_described_by_nothing():
    assert describe(steady(60).x[: FS_HZ * 6 // 10]) is None


def test_the_beat_network_learns_and_repeats_itself(monkeypatch):
    monkeypatch.setattr(beat_cnn, "STEPS", 30)
    monkeypatch.setattr(beat_cnn, "AVERAGING", 0.8)
    random = np.random.default_rng(2)
    labels = np.arange(64) % 2
    images = 0.3 * random.standard_normal((64, N_VIEWS, *image_shape())).astype(np.float16)
    images[labels == 1, :, 6:10, 8:16] += 2
    known, databases = np.ones((64, N_VIEWS), bool), np.array(["a", "a", "b", "b"] * 16)
    one, other = (beat_cnn.fit(images, known, labels, databases, seed=5) for _ in range(2))
    logits = beat_cnn.predict_logit(one, images[:, 0])
    assert one.count_params() < 100_000
    assert logits[labels == 1].mean() > logits[labels == 0].mean() + 0.5
    assert logits == pytest.approx(beat_cnn.predict_logit(other, images[:, 0]), abs=1e-4)
