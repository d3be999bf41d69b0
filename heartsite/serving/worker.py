"""A Celery worker inside the server's process, so that one command is a whole clinic.

A thread pool of one: an analysis takes well under a second, and the models stay loaded between them.
"""

from __future__ import annotations

import threading

from celery import Celery, signals

from heartsite.serving.memory import return_free_memory

FIRST_LOAD_TASK = "analysis.analyse"


class EmbeddedWorker:
    """Starts and ends with the server. `is_alive` is what /readyz and `selfcheck` ask."""

    def __init__(self, application: Celery) -> None:
        self._application = application
        self._ready = threading.Event()
        self._controller = None
        self._thread = threading.Thread(target=self._run, name="analysis-worker", daemon=True)

    def start(self) -> None:
        signals.task_success.connect(self._after_task)
        self._thread.start()

    def wait_until_ready(self, timeout_s: float) -> bool:
        return self._ready.wait(timeout_s)

    @property
    def is_alive(self) -> bool:
        return self._ready.is_set() and self._thread.is_alive()

    def stop(self) -> None:
        """Let the running analysis end. What still waits is swept up at the next start.

        The thread itself may sleep up to two seconds in the queue's poll; the process need not wait for it.
        """
        if self._controller is not None:
            self._controller.stop()

    def _after_task(self, sender=None, **_) -> None:
        """The first analysis loads the model, and leaves much behind that nobody needs again."""
        if sender is not None and sender.name == FIRST_LOAD_TASK:
            signals.task_success.disconnect(self._after_task)
            return_free_memory()

    def _run(self) -> None:
        # Imported here: the worker's machinery loads beside the first requests, not before them.
        from celery.worker import WorkController

        controller = WorkController(
            app=self._application,
            hostname="heartsite@serve",
            pool_cls="threads",
            concurrency=1,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
            ready_callback=lambda consumer: self._ready.set(),
        )
        self._controller = controller
        controller.start()


_current: EmbeddedWorker | None = None


def start_embedded_worker(application: Celery) -> EmbeddedWorker:
    global _current  # noqa: PLW0603  (one worker a process, asked for by the health views)
    _current = EmbeddedWorker(application)
    _current.start()
    return _current


def embedded_worker() -> EmbeddedWorker | None:
    """The worker of this process, None when the analyses are done elsewhere."""
    return _current
