"""The Celery application. `serve` runs a worker inside its own process unless REDIS_URL is set."""

import logging
import os
import threading
import time

from celery import Celery, bootsteps
from kombu.exceptions import OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heartsite.settings")

SWEEP_INTERVAL_S = 10.0
# The first some time after the start, which has better things to do.
PURGE_DELAY_S = 600.0
PURGE_INTERVAL_S = 24 * 3600.0

logger = logging.getLogger(__name__)

app = Celery("heartsite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["analysis", "recordings"])


class SweepStep(bootsteps.StartStopStep):
    """Every worker looks every ten seconds for work that a dead worker or a lost message left behind, and once a day
    for recordings whose time is over.

    With a thread of its own: Celery's timer sleeps until its next entry, and a worker would end up to ten
    seconds late.
    """

    requires = {"celery.worker.components:Pool"}

    def __init__(self, parent, **options) -> None:
        super().__init__(parent, **options)
        self._over = threading.Event()

    def start(self, parent) -> None:
        threading.Thread(target=self._run, name="analysis-sweeps", daemon=True).start()

    def stop(self, parent) -> None:
        self._over.set()

    def _run(self) -> None:
        purge_due_s = time.monotonic() + PURGE_DELAY_S
        while not self._over.is_set():
            try:
                # Through the queue, so that the pool's thread asks the database.
                app.send_task("analysis.sweep", expires=SWEEP_INTERVAL_S)
                if time.monotonic() >= purge_due_s:
                    app.send_task("recordings.purge", expires=PURGE_INTERVAL_S)
                    purge_due_s = time.monotonic() + PURGE_INTERVAL_S
            except (OperationalError, OSError):
                logger.warning("the queue cannot be reached; the next sweep tries again")
            self._over.wait(SWEEP_INTERVAL_S)


app.steps["worker"].add(SweepStep)
