"""What a person sees of a training: a line with the time left, and one for each epoch or stage."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from ml.training.checkpoint import TrainingState

if TYPE_CHECKING:
    import keras

_LINE_EVERY_S = 2.0


class Observer(Protocol):
    """Is told how a training goes; must not change it."""

    def started(self, epochs: int, steps_per_epoch: int, state: TrainingState) -> None:
        """Before the first step, or the first one after a resume."""

    def step_ended(self, state: TrainingState) -> None:
        """After each step; `state` names the next one."""

    def epoch_ended(self, model: "keras.Model", state: TrainingState) -> None:
        """After each epoch's validation; its figures are the last of `state.history`."""


class Silent:
    """An observer that looks away."""

    def started(self, epochs: int, steps_per_epoch: int, state: TrainingState) -> None:
        return None

    def step_ended(self, state: TrainingState) -> None:
        return None

    def epoch_ended(self, model: "keras.Model", state: TrainingState) -> None:
        return None


class ProgressLine:
    """One line that is rewritten, with the mean loss and the time left; one that stays per epoch."""

    def __init__(
        self, write: Callable[[str], object], label: str = "", clock: Callable[[], float] = time.monotonic
    ):
        self._write, self._label, self._clock = write, label, clock
        self._began = self._shown = 0.0
        self._first = self._total = self._steps = self._epochs = 0

    def started(self, epochs: int, steps_per_epoch: int, state: TrainingState) -> None:
        self._epochs, self._steps = epochs, steps_per_epoch
        self._total = epochs * steps_per_epoch
        self._first = state.epoch * steps_per_epoch + state.step
        self._began = self._shown = self._clock()
        if self._first:
            self._write(f"{self._label}goes on in epoch {state.epoch + 1} after step {state.step}\n")

    def step_ended(self, state: TrainingState) -> None:
        now = self._clock()
        if now - self._shown < _LINE_EVERY_S:
            return
        self._shown = now
        done = state.epoch * self._steps + state.step
        left_s = time_left_s(now - self._began, done - self._first, self._total - done)
        loss = state.loss_sum / max(1, state.step)
        self._write(
            f"\r{self._label}epoch {state.epoch + 1}/{self._epochs} step {state.step}/{self._steps}"
            f" loss {loss:.4f} left {duration(left_s)}   "
        )

    def epoch_ended(self, model: "keras.Model", state: TrainingState) -> None:
        figures = " ".join(f"{key} {value:.4g}" for key, value in state.history[-1].items())
        self._write(f"\r{self._label}epoch {state.epoch}/{self._epochs} {figures}\n")


class Countdown:
    """A stage of `total` equal pieces: one line that is rewritten with the time left, and one that stays at the end.

    `Countdown(report, "beats", len(corpus), "recordings")`, then `done(n)` after each piece with how many are done.
    """

    def __init__(
        self,
        write: Callable[[str], object],
        what: str,
        total: int,
        unit: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write, self._clock = write, clock
        self._what, self._total, self._unit = what, total, unit
        self._began = self._shown = clock()
        self._done = self._found = 0

    def found(self, n: int) -> None:
        """Say that `n` pieces are done, those since the last word by an earlier run: they say nothing of the speed."""
        self._found += max(0, n - self._done)
        self.done(n)

    def done(self, n: int, figures: str = "") -> None:
        """Say that `n` of the pieces are done; `figures`, if any, stand behind. Writes every two seconds at most."""
        now, self._done = self._clock(), n
        line = f"\r{self._what}: {n:,} of {self._total:,} {self._unit} {figures}".rstrip()
        if n >= self._total:
            self._write(f"{line} in {duration(now - self._began)}   \n")
        elif now - self._shown >= _LINE_EVERY_S:
            self._shown = now
            own = n - self._found
            left_s = time_left_s(now - self._began, own, self._total - n)
            self._write(f"{line}, left {duration(left_s)}   " if own else f"{line}   ")


class Counted(Silent):
    """Tells the countdown of several trainings what one of them has done, after the `before` steps of those before."""

    def __init__(self, progress: Countdown, before: int) -> None:
        self._progress, self._before, self._steps_per_epoch = progress, before, 0

    def started(self, epochs: int, steps_per_epoch: int, state: TrainingState) -> None:
        self._steps_per_epoch = steps_per_epoch
        if state.epoch or state.step:
            self._progress.found(self._done(state))

    def step_ended(self, state: TrainingState) -> None:
        self._progress.done(self._done(state))

    def _done(self, state: TrainingState) -> int:
        return self._before + state.epoch * self._steps_per_epoch + state.step


class Several:
    """Tells each of several observers."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def started(self, epochs: int, steps_per_epoch: int, state: TrainingState) -> None:
        for observer in self._observers:
            observer.started(epochs, steps_per_epoch, state)

    def step_ended(self, state: TrainingState) -> None:
        for observer in self._observers:
            observer.step_ended(state)

    def epoch_ended(self, model: "keras.Model", state: TrainingState) -> None:
        for observer in self._observers:
            observer.epoch_ended(model, state)


def time_left_s(taken_s: float, done: int, left: int) -> float:
    """Seconds that `left` pieces will take when `done` took `taken_s`."""
    return taken_s / max(1, done) * left


def duration(seconds: float) -> str:
    """Seconds as a person would say them: 45 s, 3 min 20 s, 2 h 05 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"
