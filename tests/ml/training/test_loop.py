import dataclasses
import os
import signal

import numpy as np
import pytest

from ml.training.callbacks import ProgressLine, Silent, duration
from ml.training.checkpoint import Checkpoint, TrainingState
from ml.training.config import TrainingConfig
from ml.training.loop import TrainingStoppedError, train_network, without_optimizer

pytestmark = pytest.mark.training

CONFIG = TrainingConfig(
    network="tiny",
    epochs=3,
    batch_size=8,
    learning_rate=1e-2,
    weight_decay=1e-3,
    patience=9,
    lr_patience=9,
    lr_divisor=2.0,
    score="auc",
    balance="class_weights",
    steps_per_epoch=5,
)


class Numbers:
    """Batches of a task that one layer can learn."""

    steps_per_epoch = 5

    def batch(self, epoch, step):
        rng = np.random.default_rng([epoch, step])
        x = rng.standard_normal((8, 4)).astype(np.float32)
        return x, (x[:, :1] > 0).astype(np.float32)


class Poisoned(Numbers):
    """The same, with a label that is not a number late in the second epoch."""

    def batch(self, epoch, step):
        x, y = super().batch(epoch, step)
        if (epoch, step) == (1, 3):
            y[0, 0] = np.nan
        return x, y


class PressesCtrlC(Silent):
    """Sends the process an interrupt at one step."""

    def step_ended(self, state):
        if (state.epoch, state.step) == (1, 2):
            os.kill(os.getpid(), signal.SIGINT)


def build():
    import keras
    from keras import layers

    keras.utils.set_random_seed(3)
    inputs = keras.Input((4,))
    x = layers.Dropout(0.3)(layers.Dense(6, activation="relu")(inputs))
    return keras.Model(inputs, layers.Dense(1, name="logit")(x))


def train(directory, *, batches=None, config=CONFIG, resume=False, observer=None, validate=None):
    return train_network(
        build,
        batches or Numbers(),
        config,
        directory=directory,
        fingerprint={"config": dataclasses.asdict(config)},
        resume=resume,
        observer=observer or Silent(),
        validate=validate,
    )


def weights_of(result):
    return [np.array(weight) for weight in result.model.get_weights()]


@pytest.mark.parametrize("ema", [False, True])
def test_a_resumed_training_ends_where_an_uninterrupted_one_does(tmp_path, ema):
    config = dataclasses.replace(CONFIG, ema=ema, schedule="cosine")
    straight = train(tmp_path / "straight", config=config)
    with pytest.raises(TrainingStoppedError, match="--resume"):
        train(tmp_path / "broken", config=config, observer=PressesCtrlC())
    resumed = train(tmp_path / "broken", config=config, resume=True)
    assert len(resumed.history) == 3
    for ours, theirs in zip(weights_of(resumed), weights_of(straight), strict=True):
        assert np.array_equal(ours, theirs)


def test_the_same_seed_gives_the_same_weights(tmp_path):
    first, second = train(tmp_path / "1"), train(tmp_path / "2")
    assert all(np.array_equal(a, b) for a, b in zip(weights_of(first), weights_of(second), strict=True))


def test_a_loss_that_is_not_a_number_leaves_the_epoch_before(tmp_path):
    with pytest.raises(TrainingStoppedError, match="not a number"):
        train(tmp_path, batches=Poisoned())
    _, state = Checkpoint(tmp_path, {"config": dataclasses.asdict(CONFIG)}).load()
    assert (state.epoch, state.step) == (1, 0)


def test_a_checkpoint_of_other_settings_is_not_resumed(tmp_path):
    train(tmp_path)
    assert Checkpoint(tmp_path, {"config": "another"}).load() is None
    assert Checkpoint(tmp_path / "nothing", {}).load() is None


def test_it_learns_and_stops_when_nothing_gets_better(tmp_path):
    seen = []

    def validate(model):
        seen.append(np.array(model.get_weights()[0]))
        return {"auc": [0.5, 0.9, 0.7, 0.6, 0.5][len(seen) - 1]}

    config = dataclasses.replace(CONFIG, epochs=9, patience=2, lr_patience=1)
    result = train(tmp_path, config=config, validate=validate)
    assert len(result.history) == 4
    assert result.best_epoch == 1
    assert np.array_equal(result.model.get_weights()[0], seen[1])
    rates = [figures["learning_rate"] for figures in result.history]
    assert rates == [1e-2, 1e-2, 1e-2, 5e-3]


def test_progress_says_what_is_left():
    written, now = [], [0.0]
    line = ProgressLine(written.append, "x ", clock=lambda: now[0])
    state = TrainingState()
    line.started(2, 10, state)
    state.step, state.loss_sum, now[0] = 5, 2.5, 10.0
    line.step_ended(state)
    assert "epoch 1/2 step 5/10 loss 0.5000 left 30 s" in written[0]


def test_durations_read_well():
    assert [duration(seconds) for seconds in (5, 200, 7500)] == ["5 s", "3 min 20 s", "2 h 05 min"]


def test_a_released_network_carries_no_optimizer(tmp_path):
    import keras

    result = train(tmp_path / "work")
    result.model.save(tmp_path / "whole.keras")
    without_optimizer(result.model).save(tmp_path / "bare.keras")
    bare = keras.saving.load_model(tmp_path / "bare.keras")
    assert getattr(bare, "optimizer", None) is None
    inputs = np.ones((1, 4), np.float32)
    assert np.array_equal(bare.predict_on_batch(inputs), result.model.predict_on_batch(inputs))
