"""The thread that writes the journal: many appends, one write, one fdatasync."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

log = logging.getLogger(__name__)

# 100 files synced one by one took 367 ms a round, one journal 4 ms (docs/adr/0004).
COMMIT_INTERVAL_S = 0.1
# Somebody waits for the last frames of a recording; its commit does not wait for the next round.
URGENT_INTERVAL_S = 0.02

Key = TypeVar("Key", bound=Hashable)
Entry = TypeVar("Entry")


class GroupCommit(Generic[Key, Entry]):
    """Collects entries and hands them in batches to `commit`, in a thread of its own.

    `commit` returns a result for each key in the batch. Entries of one key in one batch share a future, which
    gets that result, or what `commit` raised. Batches are never closer together than the interval.
    """

    def __init__(
        self, commit: Callable[[list[Entry]], dict[Key, Any]], *, interval_s: float = COMMIT_INTERVAL_S
    ) -> None:
        self._commit = commit
        self._interval_s = interval_s
        self._urgent_interval_s = min(interval_s, URGENT_INTERVAL_S)
        self._changed = threading.Condition()
        self._waiting: list[Entry] = []
        self._futures: dict[Key, Future] = {}
        self._urgent = False
        self._closing = False
        self._committed_at_s = 0.0
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
        self._thread.start()

    def add(self, key: Key, entry: Entry, *, urgent: bool = False) -> Future:
        with self._changed:
            if self._closing:
                raise RuntimeError("the journal is closed")
            if key not in self._futures:
                self._futures[key] = Future()
                # Shared: nobody may cancel it for the others.
                self._futures[key].set_running_or_notify_cancel()
            self._waiting.append(entry)
            self._urgent = self._urgent or urgent
            if len(self._waiting) == 1 or urgent:
                self._changed.notify()
            return self._futures[key]

    def close(self) -> None:
        """Commit what is waiting and end the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            batch, futures = self._next_batch()
            if not batch:
                return
            try:
                results = self._commit(batch)
            except Exception as error:
                log.warning("a batch of the journal failed: %s", error)
                for future in futures.values():
                    future.set_exception(error)
            else:
                for key, future in futures.items():
                    future.set_result(results[key])
            self._committed_at_s = time.monotonic()

    def _next_batch(self) -> tuple[list[Entry], dict[Key, Future]]:
        """The next entries to commit; none when closed."""
        with self._changed:
            while not (self._closing or (self._waiting and self._wait_s() <= 0)):
                self._changed.wait(self._wait_s() if self._waiting else None)
            batch, self._waiting = self._waiting, []
            futures, self._futures = self._futures, {}
            self._urgent = False
            return batch, futures

    def _wait_s(self) -> float:
        interval_s = self._urgent_interval_s if self._urgent else self._interval_s
        return self._committed_at_s + interval_s - time.monotonic()
