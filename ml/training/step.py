"""One step of a training, and the ways in which it ends: a sentence rather than a traceback."""

import math
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ml.training.backend import is_out_of_memory, shares
from ml.training.meter import counted_step

if TYPE_CHECKING:
    import keras


class TrainingStoppedError(Exception):
    """Training ended before its time; the message says why, and what is left on disk."""


def take_step(
    model: "keras.Model",
    inputs: NDArray[np.float32],
    labels: NDArray[np.float32],
    weights: NDArray[np.float32] | None = None,
    *,
    where: str,
    left: str,
) -> float:
    """One optimizer step on a batch; returns its loss. `where` and `left` are put into the sentence of a failure.

    Raises TrainingStoppedError on a loss that is not a number, or exhausted memory.
    """
    n = _divisible(len(inputs))
    try:
        with counted_step(n):
            loss = model.train_on_batch(
                inputs[:n], labels[:n], sample_weight=None if weights is None else weights[:n]
            )
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise TrainingStoppedError(
            f"The device has too little memory for a batch of {n} (in {where}); {left}."
            " Make batch_size smaller and run it again."
        ) from error
    loss = float(loss)
    if not math.isfinite(loss):
        raise TrainingStoppedError(
            f"The loss is not a number in {where}; {left}. A smaller learning_rate usually helps."
        )
    return loss


def _divisible(n: int) -> int:
    """Several devices take equal parts: the last batch of an epoch may lose a few examples."""
    parts = shares()
    return n if n < parts else n - n % parts


@contextmanager
def interrupt_flag() -> Iterator[threading.Event]:
    """Ctrl-C and a polite kill set a flag that is looked at between steps: half a step could not be resumed.

    The second Ctrl-C ends the process at once.
    """
    flag = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield flag
        return

    def asked(number: int, _frame: object) -> None:
        if flag.is_set():
            raise KeyboardInterrupt
        flag.set()

    before = {number: signal.signal(number, asked) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield flag
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
