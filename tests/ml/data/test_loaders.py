import dataclasses

import numpy as np
import pytest

from ml.data.corpus import Corpus
from ml.data.loaders import BalancedWindows, StoredSpectrograms, balanced_weights, stack_features
from ml.dsp.mel_windows import mel_windows
from ml.presets import load_preset
from ml.training.config import AugmentConfig

PRESET = load_preset("heart")
NOTHING = AugmentConfig(
    noise_probability=0,
    equaliser_probability=0,
    high_pass_probability=0,
    steps_probability=0,
    offset_probability=0,
    clipping_probability=0,
    short_probability=0,
)


@pytest.fixture
def corpus(prepared_heart):
    return Corpus(prepared_heart)


def windows_of(corpus, augment, seed=0):
    return BalancedWindows(
        corpus, np.arange(len(corpus)), PRESET.features, augment, batch_size=16, steps_per_epoch=4, seed=seed
    )


def test_a_step_is_the_same_each_time_and_no_other_step_is(corpus):
    first, labels = windows_of(corpus, PRESET.augment).batch(2, 3)
    again, _ = windows_of(corpus, PRESET.augment).batch(2, 3)
    assert first.shape == (16, 192, 32, 1)
    assert labels.shape == (16, 1)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, windows_of(corpus, PRESET.augment).batch(2, 2)[0])
    assert not np.array_equal(first, windows_of(corpus, PRESET.augment, seed=1).batch(2, 3)[0])


def test_training_windows_are_those_of_inference(corpus):
    source = windows_of(corpus, NOTHING)
    rng = np.random.default_rng(0)
    waveforms, _ = source._cut(np.array([5]), rng)
    batch = source._windows(waveforms, rng)
    assert np.allclose(batch[0], mel_windows(waveforms[0], PRESET.features)[0], atol=1e-4)


def test_each_window_has_its_band_means_removed(corpus):
    inputs, _ = windows_of(corpus, PRESET.augment).batch(0, 0)
    assert np.isfinite(inputs).all()
    assert np.abs(inputs[..., 0].mean(axis=1)).max() < 1e-3


def test_labels_are_equally_likely_in_each_database():
    databases = np.array(["a"] * 10 + ["e"] * 1000)
    labels = np.array([1] * 8 + [0] * 2 + [1] * 90 + [0] * 910)
    weights = balanced_weights(databases, labels)
    for database in "ae":
        own = databases == database
        assert np.isclose(weights[own & (labels == 1)].sum(), weights[own & (labels == 0)].sum())
    as_they_are = balanced_weights(databases, labels, label_exponent=1.0)
    assert np.allclose(as_they_are[databases == "e"], as_they_are[-1])
    share_of_e = weights[databases == "e"].sum()
    assert 0.7 < share_of_e < 0.8


def test_stored_spectrograms_come_each_once_an_epoch():
    inputs = np.arange(10, dtype=np.float32)[:, None, None]
    source = StoredSpectrograms(inputs, np.arange(10) % 2, batch_size=4, seed=0)
    batches = [source.batch(1, step) for step in range(source.steps_per_epoch)]
    assert sorted(np.concatenate([x.ravel() for x, _ in batches])) == list(range(10))
    assert all(np.array_equal(x.ravel() % 2, y.ravel()) for x, y in batches)
    assert not np.array_equal(batches[0][0], source.batch(2, 0)[0])


def test_stacked_features_are_memory_mapped_and_reused(prepared_opsfusion):
    corpus = Corpus(prepared_opsfusion)
    stacked = stack_features(corpus, (128, 157))
    assert isinstance(stacked, np.memmap)
    assert np.array_equal(stacked[7], corpus.features(7))
    said = []
    stack_features(corpus, (128, 157), said.append)
    assert not said


def test_murmurs_are_laid_over_normal_windows_whose_beats_are_known(corpus):
    always = dataclasses.replace(NOTHING, murmur_probability=1.0)
    beats_s = np.arange(0, 200, 0.8)[:, None] + np.array([0, 0.12, 0.3, 0.4, 0.8])

    def batch(edges_of):
        source = BalancedWindows(
            corpus,
            np.arange(len(corpus)),
            PRESET.features,
            always,
            batch_size=32,
            steps_per_epoch=1,
            seed=0,
            edges_of=edges_of,
        )
        return source.batch(0, 0)

    plain, labels = batch(None)
    changed, all_abnormal = batch(lambda index: beats_s.astype(np.float32))
    unknown, unchanged_labels = batch(lambda index: np.empty((0, 5), np.float32))
    assert 0 < labels.sum() < 32
    assert all_abnormal.all()
    assert np.array_equal(labels, unchanged_labels)
    assert np.array_equal(plain, unknown)
    differs = np.abs(plain - changed).max(axis=(1, 2, 3)) > 0.01
    assert np.array_equal(differs, labels[:, 0] == 0)
