"""Counts what goes through a network while a member is fitted, wherever its steps are taken."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class Meter:
    """Steps taken, examples in them, and where their time went.

    The first step is not in `stepping_s` and `timed`: it compiles the network. `waiting_s` is time that a step waited
    for its batch.
    """

    steps: int = 0
    examples: int = 0
    timed: int = 0
    stepping_s: float = 0.0
    waiting_s: float = 0.0

    @property
    def examples_per_s(self) -> float | None:
        """Examples a second from the second step on; None before that."""
        total_s = self.stepping_s + self.waiting_s
        return self.timed / total_s if total_s > 0 and self.timed else None

    @property
    def waiting_share(self) -> float | None:
        """Share of the steps' time that was spent waiting for batches."""
        total_s = self.stepping_s + self.waiting_s
        return self.waiting_s / total_s if total_s > 0 else None


_current: ContextVar[Meter | None] = ContextVar("meter", default=None)


@contextmanager
def metering() -> Iterator[Meter]:
    """A meter that counts every step taken inside."""
    meter = Meter()
    token = _current.set(meter)
    try:
        yield meter
    finally:
        _current.reset(token)


@contextmanager
def counted_step(examples: int) -> Iterator[None]:
    """Count a step of `examples` that ends without an error."""
    began = time.perf_counter()
    yield
    meter = _current.get()
    if meter is None:
        return
    if meter.steps:
        meter.stepping_s += time.perf_counter() - began
        meter.timed += examples
    meter.steps += 1
    meter.examples += examples


@contextmanager
def counted_wait() -> Iterator[None]:
    """Count the time inside as waiting for a batch."""
    began = time.perf_counter()
    yield
    meter = _current.get()
    if meter is not None and meter.steps:
        meter.waiting_s += time.perf_counter() - began
