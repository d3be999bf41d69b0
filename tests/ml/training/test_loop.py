import dataclasses
import os
import signal

import numpy as np
import pytest

from ml.training import checkpoint as checkpoint_module
from ml.training import loop
from ml.training.callbacks import Countdown, Counted, ProgressLine, Silent, duration
from ml.training.checkpoint import Checkpoint, TrainingState
from ml.training.config import TrainingConfig
from ml.training.loop import train_network, without_optimizer
from ml.training.meter import metering
from ml.training.step import TrainingStoppedError, take_step

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


FINGERPRINT = {"config": dataclasses.asdict(CONFIG)}


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


@pytest.mark.parametrize(("ema", "schedule"), [(False, "cosine"), (True, "cosine"), (True, "warm_cosine")])
def test_a_resumed_training_ends_where_an_uninterrupted_one_does(tmp_path, ema, schedule):
    config = dataclasses.replace(CONFIG, ema=ema, schedule=schedule)
    straight = train(tmp_path / "straight", config=config)
    with pytest.raises(TrainingStoppedError, match="--resume"):
        train(tmp_path / "broken", config=config, observer=PressesCtrlC())
    resumed = train(tmp_path / "broken", config=config, resume=True)
    assert len(resumed.history) == 3
    for ours, theirs in zip(weights_of(resumed), weights_of(straight), strict=True):
        assert np.array_equal(ours, theirs)


def test_a_warm_up_rises_to_the_learning_rate_and_falls_to_nothing(tmp_path):
    config = dataclasses.replace(CONFIG, epochs=10, schedule="warm_cosine")
    rates = [figures["learning_rate"] for figures in train(tmp_path, config=config).history]
    assert rates[0] == pytest.approx(config.learning_rate)
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == pytest.approx(0, abs=1e-9)


def test_the_same_seed_gives_the_same_weights(tmp_path):
    first, second = train(tmp_path / "1"), train(tmp_path / "2")
    assert all(np.array_equal(a, b) for a, b in zip(weights_of(first), weights_of(second), strict=True))


def test_a_loss_that_is_not_a_number_leaves_the_epoch_before(tmp_path):
    with pytest.raises(TrainingStoppedError, match="not a number"):
        train(tmp_path, batches=Poisoned())
    _, state = Checkpoint(tmp_path, FINGERPRINT).load()
    assert (state.epoch, state.step) == (1, 0)


class Killed(BaseException):
    """What no handler of the loop may catch: the process is gone."""


class Dies(Silent):
    def step_ended(self, state):
        if (state.epoch, state.step) == (1, 2):
            raise Killed


def validation_that_improves(model):
    return {"auc": float(-np.abs(model.get_weights()[-1]).sum())}


def test_a_killed_training_goes_on_from_the_epoch_before_to_the_same_end(tmp_path):
    straight = train(tmp_path / "straight")
    with pytest.raises(Killed):
        train(tmp_path / "killed", observer=Dies())
    _, state = Checkpoint(tmp_path / "killed", FINGERPRINT).load()
    assert (state.epoch, state.step) == (1, 0)
    resumed = train(tmp_path / "killed", resume=True)
    assert all(np.array_equal(a, b) for a, b in zip(weights_of(resumed), weights_of(straight), strict=True))


@pytest.fixture(scope="module")
def validated(tmp_path_factory):
    return train(tmp_path_factory.mktemp("validated"), validate=validation_that_improves)


@pytest.mark.parametrize("survived", [1, 2, 3, 4])
def test_killed_between_any_two_files_it_goes_on_to_the_same_end(tmp_path, monkeypatch, validated, survived):
    put, written = checkpoint_module._put, []

    def put_some(partial, path):
        if len(written) == survived:
            partial.write_bytes(partial.read_bytes()[:100])
            raise Killed
        written.append(path)
        put(partial, path)

    with monkeypatch.context() as patched:
        patched.setattr(checkpoint_module, "_put", put_some)
        with pytest.raises(Killed):
            train(tmp_path / "killed", validate=validation_that_improves)
    resumed = train(tmp_path / "killed", resume=True, validate=validation_that_improves)
    assert resumed.best_epoch == validated.best_epoch
    assert all(np.array_equal(a, b) for a, b in zip(weights_of(resumed), weights_of(validated), strict=True))
    assert not list((tmp_path / "killed").glob("partial-*"))


def test_a_damaged_checkpoint_is_not_taken(tmp_path):
    train(tmp_path)
    weights = next(tmp_path.glob("checkpoint-*.keras"))
    weights.write_bytes(weights.read_bytes()[:-1])
    assert Checkpoint(tmp_path, FINGERPRINT).load() is None
    (tmp_path / "checkpoint.json").write_text("{")
    assert Checkpoint(tmp_path, FINGERPRINT).load() is None


def test_an_interrupt_after_the_last_step_is_not_lost(tmp_path):
    class Late(Silent):
        def epoch_ended(self, model, state):
            if state.epoch == CONFIG.epochs:
                os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(TrainingStoppedError, match="--resume"):
        train(tmp_path, observer=Late())
    assert len(train(tmp_path, resume=True).history) == CONFIG.epochs


def test_too_little_memory_is_a_sentence_with_a_checkpoint(tmp_path, monkeypatch):
    class ResourceExhaustedError(Exception):
        pass

    def no_memory(*_, **__):
        raise error

    whole = build

    def build_hungry():
        model = whole()
        model.train_on_batch = no_memory
        return model

    monkeypatch.setattr(f"{__name__}.build", build_hungry)
    errors = [MemoryError(), ResourceExhaustedError(), RuntimeError("RESOURCE_EXHAUSTED: 3 GiB")]
    while errors:
        error = errors.pop()
        with pytest.raises(TrainingStoppedError, match=r"batch of 8.*checkpoint is in.*batch_size smaller"):
            train(tmp_path)
        assert Checkpoint(tmp_path, FINGERPRINT).load()[1].epoch == 0
    error = RuntimeError("something else")
    with pytest.raises(RuntimeError, match="something else"):
        train(tmp_path)


def test_a_score_that_cannot_be_computed_is_named(tmp_path):
    config = dataclasses.replace(CONFIG, score="macro_auc")
    with pytest.raises(TrainingStoppedError, match="macro_auc cannot be computed"):
        train(tmp_path, config=config, validate=lambda model: {"auc": 0.7, "macro_auc": float("nan")})


def test_the_score_that_the_preset_names_decides(tmp_path):
    scores = iter([(0.9, 0.5), (0.8, 0.7), (0.95, 0.6)])

    def validate(model):
        return dict(zip(("auc", "macro_auc"), next(scores), strict=True))

    config = dataclasses.replace(CONFIG, score="macro_auc")
    assert train(tmp_path, config=config, validate=validate).best_epoch == 1


def test_steps_and_their_examples_are_counted(tmp_path):
    with metering() as meter:
        train(tmp_path)
    assert (meter.steps, meter.examples, meter.timed) == (15, 120, 112)
    assert meter.examples_per_s > 0
    assert 0 <= meter.waiting_share <= 1


def test_half_precision_stays_finite_and_is_released_in_32_bits(tmp_path):
    import keras

    from ml.nets import build_network

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = build_network("mel_cnn", (64, 16, 1))
        loop._compile(model, dataclasses.replace(CONFIG, ema=True), 15)
    finally:
        keras.config.set_dtype_policy(before)
    x = np.random.default_rng(0).standard_normal((8, 64, 16, 1)).astype(np.float32)
    y = (np.arange(8) % 2).astype(np.float32)[:, None]
    losses = [take_step(model, x, y, where="a step", left="nothing is left") for _ in range(2)]
    assert np.isfinite(losses).all()
    assert model.layers[1].compute_dtype == "bfloat16"
    assert np.asarray(model.predict_on_batch(x)).dtype == np.float32
    released = without_optimizer(model)
    released.save(tmp_path / "released.keras")
    read = keras.saving.load_model(tmp_path / "released.keras")
    assert {layer.compute_dtype for layer in read.layers} == {"float32"}
    assert np.asarray(read.predict_on_batch(x)) == pytest.approx(model.predict_on_batch(x), abs=0.05)


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


def test_a_stage_counts_down():
    written, now = [], [0.0]
    stage = Countdown(written.append, "beats", 4000, "recordings", clock=lambda: now[0])
    for n, now[0] in ((1, 0.5), (1000, 10.0), (1001, 10.5), (4000, 42.0)):
        stage.done(n)
    assert [line.strip() for line in written] == [
        "beats: 1,000 of 4,000 recordings, left 30 s",
        "beats: 4,000 of 4,000 recordings in 42 s",
    ]


def test_what_an_earlier_run_has_done_says_nothing_of_the_speed():
    """Two trainings of 1,000 steps on one countdown: the first was done before, the second is half done."""
    written, now = [], [0.0]
    stage = Countdown(written.append, "beats", 2000, "steps", clock=lambda: now[0])
    first, second = Counted(stage, 0), Counted(stage, 1000)
    first.started(2, 500, TrainingState(epoch=2))
    now[0] = 1.0
    second.started(2, 500, TrainingState(epoch=1))
    now[0] = 10.0
    second.step_ended(TrainingState(epoch=1, step=100))
    assert [line.strip() for line in written] == ["beats: 1,600 of 2,000 steps, left 40 s"]


def test_of_a_stage_that_only_found_its_pieces_no_time_is_foretold():
    written, now = [], [0.0]
    stage = Countdown(written.append, "beats", 2000, "steps", clock=lambda: now[0])
    now[0] = 3.0
    stage.found(1000)
    assert [line.strip() for line in written] == ["beats: 1,000 of 2,000 steps"]


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
