"""Makes the next batch while the device works on this one."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from ml.data.loaders import Batches
from ml.training.meter import counted_wait

_AHEAD = 2  # batches: one being made, one waiting

Batch = tuple[NDArray[np.float32], NDArray[np.float32]]


class Ahead:
    """`batches`, made by a thread of its own before they are asked for; the same ones, since each is what its epoch
    and step say. Used as a context."""

    def __init__(self, batches: Batches, epochs: int) -> None:
        self.steps_per_epoch = batches.steps_per_epoch
        self._batches, self._epochs = batches, epochs
        self._pending: dict[tuple[int, int], Future[Batch]] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="batches")

    def __enter__(self) -> "Ahead":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)

    def batch(self, epoch: int, step: int) -> Batch:
        """The batch of a step; the ones behind it are begun."""
        self._begin((epoch, step))
        for place in islice(self._behind(epoch, step), _AHEAD):
            self._begin(place)
        with counted_wait():
            return self._pending.pop((epoch, step)).result()

    def _begin(self, place: tuple[int, int]) -> None:
        if place not in self._pending:
            self._pending[place] = self._thread.submit(self._batches.batch, *place)

    def _behind(self, epoch: int, step: int) -> Iterator[tuple[int, int]]:
        while True:
            step += 1
            if step == self.steps_per_epoch:
                epoch, step = epoch + 1, 0
            if epoch == self._epochs:
                return
            yield epoch, step
