"""The members on beats: balanced rows, the same result from the same seed, and exports that agree with their models."""

import json
import os
import shutil
import signal
from dataclasses import replace

import numpy as np
import pytest

from ml.data.corpus import Corpus
from ml.dsp.beat_image import LOG_PICTURE, MEL_PICTURE, pictures_shape
from ml.dsp.peak_picture import peak_shape
from ml.dsp.phase_features import phase_feature_names
from ml.inference.engines.keras import open_file as open_keras
from ml.inference.engines.onnx import open_file
from ml.presets import load_preset
from ml.training import support_vectors
from ml.training.callbacks import Counted
from ml.training.members import beat_cnn, beat_svm, phase_logistic, phase_trees
from ml.training.members.beats import (
    MURMUR_VIEWS,
    N_VIEWS,
    VIEW_SETTINGS,
    WHOLE,
    BeatViews,
    beat_views,
    describe,
    view_labels,
    views_of,
)
from ml.training.members.phase_rows import VIEW_WEIGHT, Rows, view_weights
from ml.training.step import TrainingStoppedError
from tests.ml.dsp.heart_sounds import FS_HZ, steady

N_FEATURES = len(phase_feature_names())


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(0)
    features = random.standard_normal((400, N_FEATURES)).astype(np.float32)
    labels = (features[:, 3] + 0.5 * random.standard_normal(400) > 0).astype(int)
    return Rows(features, labels, np.ones(400))


def views(pictures, known):
    features = np.zeros((len(pictures), N_VIEWS, N_FEATURES), np.float32)
    peak_pictures = np.zeros((len(pictures), N_VIEWS, *peak_shape()), np.float16)
    edges_s, first = np.zeros((0, 5), np.float32), np.zeros(len(pictures) + 1, int)
    return BeatViews(features, pictures, peak_pictures, known, edges_s, first)


def test_a_view_weighs_half_of_the_whole_and_one_that_is_not_known_nothing():
    known = np.ones((4, N_VIEWS), bool)
    known[0, 1] = False
    empty = np.zeros((4, N_VIEWS, *pictures_shape()), np.float16)
    weights = view_weights(views(empty, known), np.array(["a", "a", "b", "b"]), np.array([0, 1, 0, 1]))
    assert weights.sum() == pytest.approx(1)
    assert weights[0, 1] == 0
    assert weights[1, 1:] == pytest.approx(VIEW_WEIGHT * weights[1, 0])
    assert weights[:, 0] == pytest.approx(weights[0, 0])


@pytest.mark.parametrize("weight", [0.0, beat_svm.MURMUR_WEIGHT])
def test_a_member_says_how_much_a_murmur_made_by_rule_weighs(weight):
    known = np.ones((4, N_VIEWS), bool)
    empty = np.zeros((4, N_VIEWS, *pictures_shape()), np.float16)
    groups = np.array(["a", "a", "b", "b"]), np.array([0, 1, 0, 1])
    weights = view_weights(views(empty, known), *groups, murmur_weight=weight)
    assert weights.sum() == pytest.approx(1)
    assert weights[:, MURMUR_VIEWS] == pytest.approx(weight * weights[0, 0])
    assert weights[:, 1 : MURMUR_VIEWS.start] == pytest.approx(VIEW_WEIGHT * weights[0, 0])


def test_networks_of_both_pictures_are_read_and_saved_as_one(prepared_heart, monkeypatch, tmp_path):
    monkeypatch.setattr(beat_cnn, "STEPS", 4)
    monkeypatch.setattr(beat_cnn, "NETWORKS", 1)
    # A copy: the pictures are kept beside the recordings, and others count the files there.
    corpus = Corpus(shutil.copytree(prepared_heart, tmp_path / "prepared"))
    everything = np.arange(len(corpus))
    member = beat_cnn.create(load_preset("heart"))
    fitted = member.fit(corpus, everything, seed=1, work_dir=tmp_path / "work", report=lambda _: None)
    logits = fitted.logits(corpus, everything[:3])
    assert fitted.logits_of_sound(corpus.samples(0)) == pytest.approx(logits[0], abs=0.02)
    entry = fitted.save(tmp_path)
    assert entry["config"]["shape"] == list(pictures_shape())
    stored = open_keras(tmp_path / entry["files"]["keras"])
    pictures = beat_views(corpus).pictures[:3, WHOLE].astype(np.float32)
    assert stored(pictures) == pytest.approx(logits, abs=1e-4)
    for picture in (LOG_PICTURE, MEL_PICTURE):
        without = pictures.copy()
        without[..., picture] = 0
        assert not np.allclose(stored(without), logits, atol=1e-4)


def test_a_normal_recording_with_a_murmur_over_it_counts_as_abnormal():
    labels = view_labels(np.array([0, 1]))
    assert labels[0].tolist() == [0, 0, 0, 1, 1]
    assert labels[1].tolist() == [1] * N_VIEWS


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


def test_support_vectors_are_read_and_saved_as_they_were_fitted(prepared_heart, tmp_path):
    corpus = Corpus(shutil.copytree(prepared_heart, tmp_path / "prepared"))
    everything = np.arange(len(corpus))
    member = beat_svm.create(load_preset("heart"))
    fitted, again = (
        member.fit(corpus, everything, seed=1, work_dir=tmp_path, report=lambda _: None) for _ in range(2)
    )
    logits = fitted.logits(corpus, everything)
    assert np.array_equal(logits, again.logits(corpus, everything))
    known = beat_views(corpus).known[:, WHOLE]
    assert np.array_equal(np.isfinite(logits), known)
    index = int(np.flatnonzero(known)[0])
    assert fitted.logits_of_sound(corpus.samples(index)) == pytest.approx(logits[index], abs=0.02)
    entry = fitted.save(tmp_path)
    assert entry["config"]["shape"] == list(peak_shape())
    pictures = beat_views(corpus).peak_pictures[known, WHOLE].astype(np.float32)
    assert open_file(tmp_path / entry["files"]["onnx"])(pictures) == pytest.approx(logits[known], abs=1e-4)


def test_support_vectors_learn_and_say_nothing_of_what_is_far_from_all_they_know(rows):
    machine = support_vectors.fit(rows.features, rows.labels, rows.weights, 0)
    held_out = np.random.default_rng(1).standard_normal((400, N_FEATURES)).astype(np.float32)
    assert np.mean((machine(held_out) > 0) == (held_out[:, 3] > 0)) > 0.75
    assert machine.vectors.dtype == np.int8
    # Ranks end where the training rows do: however far a value lies, it counts as the largest seen.
    assert machine(held_out * 1e6) == pytest.approx(machine(held_out * 1e9))
    narrow = replace(machine, gamma=machine.gamma * 1e3)
    assert narrow(held_out) == pytest.approx(machine.intercept, abs=1e-3)


def test_a_column_that_never_changes_does_no_harm(rows):
    features = rows.features.copy()
    features[:, 5] = 2.0
    machine = support_vectors.fit(features, rows.labels, rows.weights, 0)
    assert np.isfinite(machine(features)).all()


def test_trees_repeat_themselves(rows):
    first, second = (
        phase_trees.predict_logit(phase_trees.fit(rows, 3), rows.features[:20]) for _ in range(2)
    )
    assert np.array_equal(first, second)


def test_views_are_the_same_each_time_and_their_settings_are_named():
    x = steady(70, 12).x.astype(np.float32)
    (first, edges_s), (second, _) = (views_of(x, "a0001", abnormal=False) for _ in range(2))
    assert len(first) == N_VIEWS
    for one, other in zip(first, second, strict=True):
        assert all(np.array_equal(ours, theirs) for ours, theirs in zip(one, other, strict=True))
    assert not np.array_equal(first[1][0], views_of(x, "a0002", abnormal=False)[0][1][0])
    assert {"cuts_s", "segmentation", "version", "murmurs"} <= set(VIEW_SETTINGS)
    assert np.median(edges_s[:, 4] - edges_s[:, 0]) == pytest.approx(60 / 70, abs=0.05)


def test_murmurs_are_laid_over_normal_recordings_only_and_can_be_seen():
    x = steady(70, 12, noise=0.002).x.astype(np.float32)
    found, _ = views_of(x, "a0001", abnormal=True)
    assert found[MURMUR_VIEWS] == [None, None]
    plain, murmurs = (views_of(x, "a0001", abnormal=False)[0][view] for view in (slice(0, 1), MURMUR_VIEWS))
    assert all(np.abs(murmur[0] - plain[0][0]).max() > 1 for murmur in murmurs)


def test_sound_without_a_whole_beat_is_described_by_nothing():
    assert describe(steady(60).x[: FS_HZ * 6 // 10]) is None


@pytest.fixture
def beats(monkeypatch):
    """64 recordings that a beat network can tell apart in 20 steps: views, labels and databases."""
    monkeypatch.setattr(beat_cnn, "STEPS", 20)
    monkeypatch.setattr(beat_cnn, "EPOCH_STEPS", 10)
    monkeypatch.setattr(beat_cnn, "NETWORKS", 1)
    monkeypatch.setattr(beat_cnn, "AVERAGING", 0.8)
    random = np.random.default_rng(2)
    labels = np.arange(64) % 2
    pictures = 0.3 * random.standard_normal((64, N_VIEWS, *pictures_shape())).astype(np.float16)
    pictures[labels == 1, :, 6:10, 8:16] += 2
    known = np.ones((64, N_VIEWS), bool)
    return views(pictures, known), labels, np.array(["a", "a", "b", "b"] * 16)


def weights_of(model):
    return [np.asarray(weight) for weight in model.get_weights()]


def test_the_beat_network_learns_and_repeats_itself(beats, monkeypatch):
    monkeypatch.setattr(beat_cnn, "STEPS", 30)
    monkeypatch.setattr(beat_cnn, "NETWORKS", 2)
    seen, labels, _ = beats
    one, other = (beat_cnn.fit(*beats, seed=5) for _ in range(2))
    logits = beat_cnn.predict_logit(one, seen.pictures[:, 0])
    assert one.count_params() < 300_000
    assert logits[labels == 1].mean() > logits[labels == 0].mean() + 0.5
    assert logits == pytest.approx(beat_cnn.predict_logit(other, seen.pictures[:, 0]), abs=1e-4)


@pytest.mark.training
@pytest.mark.parametrize("ends", [signal.SIGINT, None])
def test_a_beat_network_that_was_stopped_or_killed_ends_as_if_it_had_not_been(
    beats, tmp_path, monkeypatch, ends
):
    class Killed(BaseException):
        """What no handler of the training may catch: the process is gone."""

    straight = weights_of(beat_cnn.fit(*beats, seed=5))
    tell = Counted.step_ended

    def end(counted, state):
        tell(counted, state)
        if (state.epoch, state.step) == (1, 3):
            if ends is None:
                raise Killed
            os.kill(os.getpid(), ends)

    with monkeypatch.context() as patched:
        patched.setattr(Counted, "step_ended", end)
        with pytest.raises((TrainingStoppedError, Killed)):
            beat_cnn.fit(*beats, seed=5, directory=tmp_path, fingerprint="f")
    stored = json.loads((tmp_path / "log-1" / "checkpoint.json").read_text())["state"]
    assert (stored["epoch"], stored["step"]) == ((1, 3) if ends else (1, 0))
    resumed = weights_of(beat_cnn.fit(*beats, seed=5, directory=tmp_path, fingerprint="f"))
    assert all(np.array_equal(ours, theirs) for ours, theirs in zip(resumed, straight, strict=True))


@pytest.mark.training
def test_a_beat_network_shows_its_loss_and_what_it_learns_from(beats, tmp_path):
    event_accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    beat_cnn.fit(*beats, seed=5, directory=tmp_path)
    read = event_accumulator.EventAccumulator(str(tmp_path / "log-1" / "tensorboard"))
    read.Reload()
    assert [event.step for event in read.Scalars("loss_of_steps")] == [10, 20]
    rates = [event.value for event in read.Scalars("learning_rate")]
    assert rates[0] > rates[1]
    assert {"beat/normal/1", "beat/abnormal/2"} <= set(read.Tags()["images"])


@pytest.mark.training
def test_a_loss_that_is_not_a_number_ends_a_beat_network_with_a_sentence_and_a_checkpoint(
    beats, tmp_path, monkeypatch
):
    monkeypatch.setattr(beat_cnn, "LEARNING_RATE", 1e30)
    with pytest.raises(TrainingStoppedError, match=r"not a number in epoch 1, step.*log-1"):
        beat_cnn.fit(*beats, seed=5, directory=tmp_path)
    assert (tmp_path / "log-1" / "checkpoint.json").exists()


def test_a_batch_of_beats_out_of_turn_is_the_one_that_it_would_have_been(beats):
    seen, labels, databases = beats
    of_one_picture = replace(seen, pictures=seen.pictures[..., LOG_PICTURE])

    def batches():
        return beat_cnn.BeatBatches(of_one_picture, labels, databases, steps_per_epoch=3, seed=4)

    straight = batches()
    wanted = [straight.batch(epoch, step) for epoch in range(2) for step in range(3)]
    assert not np.array_equal(wanted[3][0], wanted[4][0])
    late, back = batches().batch(1, 1), straight.batch(0, 2)
    for ours, theirs in ((late, wanted[4]), (back, wanted[2])):
        assert np.array_equal(ours[0], theirs[0])
        assert np.array_equal(ours[1], theirs[1])
