"""The Celery application. `serve` runs a worker inside its own process unless REDIS_URL is set."""

import os

from celery import Celery, bootsteps

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heartsite.settings")

SWEEP_INTERVAL_S = 10.0

app = Celery("heartsite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["analysis"])


class SweepStep(bootsteps.StartStopStep):
    """Every worker, embedded or not, looks every ten seconds for work that a dead worker or a lost message
    left.
    """

    requires = {"celery.worker.components:Timer"}

    def __init__(self, parent, **options) -> None:
        super().__init__(parent, **options)
        self.timer_entry = None

    def start(self, parent) -> None:
        self.timer_entry = parent.timer.call_repeatedly(
            SWEEP_INTERVAL_S, app.send_task, ("analysis.sweep",), {"expires": SWEEP_INTERVAL_S}
        )

    def stop(self, parent) -> None:
        if self.timer_entry is not None:
            self.timer_entry.cancel()
            self.timer_entry = None


app.steps["worker"].add(SweepStep)
