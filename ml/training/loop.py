"""The training loop: any Keras backend, resumable at any step, ended by a sentence rather than a traceback."""

import math
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ml.data.loaders import Batches
from ml.training.callbacks import Observer
from ml.training.checkpoint import Checkpoint, TrainingState
from ml.training.config import TrainingConfig

if TYPE_CHECKING:
    import keras

_MIN_LEARNING_RATE = 1e-6
_EMA_MOMENTUM = 0.99


class TrainingStoppedError(Exception):
    """Training ended before its time; the message says why, and that a checkpoint is left."""


@dataclass
class Result:
    """A trained network and what happened on the way, one dict of figures per epoch."""

    model: "keras.Model"
    history: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = -1


def train_network(
    build: Callable[[], "keras.Model"],
    batches: Batches,
    config: TrainingConfig,
    *,
    directory: Path,
    fingerprint: dict[str, Any],
    resume: bool,
    observer: Observer,
    validate: Callable[["keras.Model"], dict[str, float]] | None = None,
    class_weights: tuple[float, float] = (1.0, 1.0),
) -> Result:
    """Train until `config` says so and return the best epoch's network, or the last one's without `validate`.

    `validate` returns figures by name, `config.score` among them. With `resume`, a checkpoint in `directory` made with
    the same `fingerprint` is continued, with the result the uninterrupted training would have had. Raises
    TrainingStoppedError on Ctrl-C, a loss that is not a number, or exhausted memory; a checkpoint is left each time.
    """
    checkpoint = Checkpoint(directory, fingerprint)
    loaded = checkpoint.load() if resume else None
    if loaded:
        model, state = loaded
    else:
        model = build()
        _compile(model, config)
        state = TrainingState(learning_rate=config.learning_rate)
    observer.started(config.epochs, batches.steps_per_epoch, state)
    with _interrupt_flag() as interrupted:
        while state.epoch < config.epochs and not state.finished:
            _run_epoch(
                model,
                batches,
                config,
                state,
                checkpoint=checkpoint,
                observer=observer,
                interrupted=interrupted,
                class_weights=class_weights,
            )
            _close_epoch(model, config, state, checkpoint, validate)
            checkpoint.save(model, state)
            observer.epoch_ended(model, state)
    if config.ema:
        model.optimizer.finalize_variable_values(model.trainable_variables)
    if validate:
        checkpoint.restore_best(model)
    return Result(model, state.history, state.best_epoch)


def without_optimizer(model: "keras.Model") -> "keras.Model":
    """The same network, sharing its weights, without the optimizer's: what is released is a quarter of the size."""
    import keras

    return keras.Model(model.inputs, model.outputs, name=model.name)


def _compile(model: "keras.Model", config: TrainingConfig) -> None:
    import keras

    from_logits = model.output_names[0] == "logit"
    model.compile(
        optimizer=keras.optimizers.AdamW(
            config.learning_rate,
            weight_decay=config.weight_decay,
            use_ema=config.ema,
            ema_momentum=_EMA_MOMENTUM,
        ),
        loss=keras.losses.BinaryCrossentropy(from_logits=from_logits, label_smoothing=config.label_smoothing),
        jit_compile=False,
    )


def _run_epoch(
    model: "keras.Model",
    batches: Batches,
    config: TrainingConfig,
    state: TrainingState,
    *,
    checkpoint: Checkpoint,
    observer: Observer,
    interrupted: threading.Event,
    class_weights: tuple[float, float],
) -> None:
    model.optimizer.learning_rate.assign(_learning_rate(config, state))
    while state.step < batches.steps_per_epoch:
        if interrupted.is_set():
            checkpoint.save(model, state)
            raise TrainingStoppedError(
                f"Stopped in epoch {state.epoch + 1}, step {state.step}. The checkpoint is in {checkpoint.directory};"
                " run the same command with --resume to go on."
            )
        inputs, labels = batches.batch(state.epoch, state.step)
        weights = np.where(labels[:, 0] > 0, class_weights[1], class_weights[0]).astype(np.float32)
        model.reset_metrics()
        try:
            loss = float(model.train_on_batch(inputs, labels, sample_weight=weights))
        except Exception as error:
            if not _is_out_of_memory(error):
                raise
            raise TrainingStoppedError(
                "The device has too little memory for this batch size; the last epoch's checkpoint is in"
                f" {checkpoint.directory}. Make training.batch_size smaller in the preset and run it again."
            ) from error
        if not math.isfinite(loss):
            raise TrainingStoppedError(
                f"The loss is not a number in epoch {state.epoch + 1}, step {state.step}; the checkpoint of the epoch"
                f" before is in {checkpoint.directory}. A smaller training.learning_rate usually helps."
            )
        state.loss_sum += loss
        state.step += 1
        observer.step_ended(state)


def _close_epoch(
    model: "keras.Model",
    config: TrainingConfig,
    state: TrainingState,
    checkpoint: Checkpoint,
    validate: Callable[["keras.Model"], dict[str, float]] | None,
) -> None:
    figures = {"loss": state.loss_sum / max(1, state.step), "learning_rate": _learning_rate(config, state)}
    if validate:
        figures |= validate(model)
        score = figures[config.score]
        if state.best_score is None or score > state.best_score:
            state.best_score, state.best_epoch = score, state.epoch
            state.epochs_since_best = state.epochs_since_lr = 0
            checkpoint.save_best(model)
        else:
            state.epochs_since_best += 1
            state.epochs_since_lr += 1
        if state.epochs_since_lr >= config.lr_patience:
            state.learning_rate = max(_MIN_LEARNING_RATE, state.learning_rate / config.lr_divisor)
            state.epochs_since_lr = 0
        state.finished = state.epochs_since_best >= config.patience
    state.history.append({key: float(value) for key, value in figures.items()})
    state.epoch, state.step, state.loss_sum = state.epoch + 1, 0, 0.0


def _learning_rate(config: TrainingConfig, state: TrainingState) -> float:
    if config.schedule == "cosine":
        return config.learning_rate * 0.5 * (1 + math.cos(math.pi * state.epoch / config.epochs))
    return state.learning_rate


def _is_out_of_memory(error: Exception) -> bool:
    return (
        isinstance(error, MemoryError)
        or "ResourceExhausted" in type(error).__name__
        or "RESOURCE_EXHAUSTED" in str(error)
    )


@contextmanager
def _interrupt_flag() -> Iterator[threading.Event]:
    """Ctrl-C sets a flag that is looked at between steps: a step cut in half could not be resumed."""
    flag = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield flag
        return
    before = signal.signal(signal.SIGINT, lambda *_: flag.set())
    try:
        yield flag
    finally:
        signal.signal(signal.SIGINT, before)
