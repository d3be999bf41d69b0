"""The training loop: any Keras backend, resumable at any step."""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ml.data.loaders import Batches
from ml.training.ahead import Ahead
from ml.training.backend import compile_steps, training_scope
from ml.training.callbacks import Observer
from ml.training.checkpoint import Checkpoint, TrainingState
from ml.training.config import TrainingConfig
from ml.training.step import TrainingStoppedError, interrupt_flag, take_step

if TYPE_CHECKING:
    import keras

_MIN_LEARNING_RATE = 1e-6
# Where a warm-up begins, as a share of the full learning rate.
_WARM_UP_FROM = 0.05

Validate = Callable[["keras.Model"], dict[str, float]]


@dataclass
class Result:
    """A trained network and what happened on the way, one dict of figures per epoch."""

    model: "keras.Model"
    history: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = -1


@dataclass
class _Run:
    """What the steps of one training share."""

    model: "keras.Model"
    config: TrainingConfig
    state: TrainingState
    checkpoint: Checkpoint
    observer: Observer
    interrupted: threading.Event
    class_weights: tuple[float, float] | None


def train_network(
    build: Callable[[], "keras.Model"],
    batches: Batches,
    config: TrainingConfig,
    *,
    directory: Path,
    fingerprint: dict[str, Any],
    resume: bool,
    observer: Observer,
    validate: Validate | None = None,
    class_weights: tuple[float, float] | None = (1.0, 1.0),
) -> Result:
    """Train until `config` says so and return the best epoch's network, or the last one's without `validate`.

    `validate` returns figures by name, `config.score` among them. With `resume`, a checkpoint in `directory` made with
    the same `fingerprint` is continued, with the result the uninterrupted training would have had. Raises
    TrainingStoppedError on Ctrl-C, a loss that is not a number, or exhausted memory; a checkpoint is left each time.
    `class_weights` None: examples are not weighted at all.
    """
    if config.ema and validate:
        raise ValueError(
            "A moving average of the weights has no best epoch: use one of ema and a validation set."
        )
    checkpoint = Checkpoint(directory, fingerprint)
    with training_scope():
        loaded = checkpoint.load() if resume else None
        if loaded:
            model, state = loaded
        else:
            model = build()
            _compile(model, config, config.epochs * batches.steps_per_epoch)
            state = TrainingState(learning_rate=config.learning_rate)
            checkpoint.save(model, state)
    observer.started(config.epochs, batches.steps_per_epoch, state)
    with interrupt_flag() as interrupted, Ahead(batches, config.epochs) as ahead:
        run = _Run(model, config, state, checkpoint, observer, interrupted, class_weights)
        while state.epoch < config.epochs and not state.finished:
            with training_scope():
                _run_epoch(run, ahead)
            _close_epoch(run, validate)
            checkpoint.save(model, state)
            observer.epoch_ended(model, state)
        if interrupted.is_set():
            raise _stopped(run)
    if config.ema:
        model.optimizer.finalize_variable_values(model.trainable_variables)
    if validate:
        checkpoint.restore_best(model, state)
    return Result(model, state.history, state.best_epoch)


def without_optimizer(model: "keras.Model") -> "keras.Model":
    """The same network in 32 bits and without the optimizer's weights: what is released, a quarter of the size."""
    import keras

    if all(layer.dtype_policy.name == "float32" for layer in model.layers):
        return keras.Model(model.inputs, model.outputs, name=model.name)
    # Weights are kept in 32 bits whatever the policy: only what is computed with them changes.
    released = keras.models.clone_model(model, clone_function=_in_32_bits)
    released.set_weights(model.get_weights())
    return released


def _in_32_bits(layer: "keras.Layer") -> "keras.Layer":
    config = layer.get_config()
    # Plain operations (a mean, a difference) have no policy: they compute in what they are given.
    return layer.__class__.from_config(config | {"dtype": "float32"} if "dtype" in config else config)


def _compile(model: "keras.Model", config: TrainingConfig, steps: int) -> None:
    import keras

    from_logits = model.output_names[0] == "logit"
    model.compile(
        optimizer=keras.optimizers.AdamW(
            _warm_cosine(config, steps) if config.schedule == "warm_cosine" else config.learning_rate,
            weight_decay=config.weight_decay,
            use_ema=config.ema,
            ema_momentum=config.ema_momentum,
        ),
        loss=keras.losses.BinaryCrossentropy(from_logits=from_logits, label_smoothing=config.label_smoothing),
        jit_compile=compile_steps(),
    )
    # Now, so that the checkpoint before the first step is whole.
    model.optimizer.build(model.trainable_variables)


def _run_epoch(run: _Run, batches: Ahead) -> None:
    model, state = run.model, run.state
    if run.config.schedule != "warm_cosine":
        model.optimizer.learning_rate.assign(_learning_rate(run))
    left = f"the last epoch's checkpoint is in {run.checkpoint.directory}"
    while state.step < batches.steps_per_epoch:
        if run.interrupted.is_set():
            run.checkpoint.save(model, state)
            raise _stopped(run)
        inputs, labels = batches.batch(state.epoch, state.step)
        model.reset_metrics()
        where = f"epoch {state.epoch + 1}, step {state.step + 1}"
        state.loss_sum += take_step(
            model, inputs, labels, _weights(labels, run.class_weights), where=where, left=left
        )
        state.step += 1
        run.observer.step_ended(state)


def _weights(
    labels: NDArray[np.float32], class_weights: tuple[float, float] | None
) -> NDArray[np.float32] | None:
    if class_weights is None:
        return None
    return np.where(labels[:, 0] > 0, class_weights[1], class_weights[0]).astype(np.float32)


def _stopped(run: _Run) -> TrainingStoppedError:
    return TrainingStoppedError(
        f"Stopped in epoch {run.state.epoch + 1}, step {run.state.step}. The checkpoint is in"
        f" {run.checkpoint.directory}; run the same command with --resume to go on."
    )


def _close_epoch(run: _Run, validate: Validate | None) -> None:
    config, state = run.config, run.state
    figures = {"loss": state.loss_sum / max(1, state.step), "learning_rate": _learning_rate(run)}
    if validate:
        figures |= validate(run.model)
        _judge_epoch(run, figures[config.score])
    state.history.append({key: float(value) for key, value in figures.items()})
    state.epoch, state.step, state.loss_sum = state.epoch + 1, 0, 0.0


def _judge_epoch(run: _Run, score: float) -> None:
    config, state = run.config, run.state
    if not math.isfinite(score):
        raise TrainingStoppedError(
            f"The score {config.score} cannot be computed: the validation fold lacks a database or one of its labels."
            " Prepare the data set with fewer folds, or with more recordings."
        )
    if state.best_score is None or score > state.best_score:
        state.best_score, state.best_epoch = score, state.epoch
        state.epochs_since_best = state.epochs_since_lr = 0
        run.checkpoint.save_best(run.model, state.epoch)
    else:
        state.epochs_since_best += 1
        state.epochs_since_lr += 1
    if state.epochs_since_lr >= config.lr_patience:
        state.learning_rate = max(_MIN_LEARNING_RATE, state.learning_rate / config.lr_divisor)
        state.epochs_since_lr = 0
    state.finished = state.epochs_since_best >= config.patience


def _warm_cosine(config: TrainingConfig, steps: int) -> "keras.optimizers.schedules.LearningRateSchedule":
    import keras

    warm_up = steps // 10
    return keras.optimizers.schedules.CosineDecay(
        config.learning_rate * _WARM_UP_FROM,
        steps - warm_up,
        warmup_target=config.learning_rate,
        warmup_steps=warm_up,
    )


def _learning_rate(run: _Run) -> float:
    config, state = run.config, run.state
    if config.schedule == "warm_cosine":
        return float(run.model.optimizer.learning_rate)
    if config.schedule == "cosine":
        return config.learning_rate * 0.5 * (1 + math.cos(math.pi * state.epoch / config.epochs))
    return state.learning_rate
