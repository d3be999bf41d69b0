"""A Celery worker inside the server's process, so that one command is a whole clinic.

A thread pool of one: an analysis takes well under a second, and the models stay loaded between them.
"""

from __future__ import annotations

import threading

from celery import Celery

STOP_TIMEOUT_S = 10.0


class EmbeddedWorker:
    """Starts and ends with the server. `is_alive` is what /readyz and `selfcheck` ask."""

    def __init__(self, application: Celery) -> None:
        self._application = application
        self._ready = threading.Event()
        self._controller = None
        self._thread = threading.Thread(target=self._run, name="analysis-worker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wait_until_ready(self, timeout_s: float) -> bool:
        return self._ready.wait(timeout_s)

    @property
    def is_alive(self) -> bool:
        return self._ready.is_set() and self._thread.is_alive()

    def stop(self) -> None:
        """Let the running analysis end, then the thread.

        What is not done by then is swept up at the next start.
        """
        if self._controller is not None:
            self._controller.stop()
        self._thread.join(STOP_TIMEOUT_S)

    def _run(self) -> None:
        # Imported here: the worker's machinery loads beside the first requests, not before them.
        from celery.worker import WorkController

        self._controller = WorkController(
            app=self._application,
            hostname="heartsite@serve",
            pool_cls="threads",
            concurrency=1,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
            ready_callback=lambda consumer: self._ready.set(),
        )
        self._controller.start()


_current: EmbeddedWorker | None = None


def start_embedded_worker(application: Celery) -> EmbeddedWorker:
    global _current  # noqa: PLW0603  (one worker a process, asked for by the health views)
    _current = EmbeddedWorker(application)
    _current.start()
    return _current


def embedded_worker() -> EmbeddedWorker | None:
    """The worker of this process, None when the analyses are done elsewhere."""
    return _current
