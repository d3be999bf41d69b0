"""Files what no phone is waiting for any more: recordings cut short, left by a crash, or whose filing failed."""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta
from uuid import UUID

from django.db import close_old_connections
from django.utils import timezone

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from recordings import announcements
from recordings.models import Recording
from recordings.services.capture import finish_take
from recordings.spool import TakeState, get_spool

log = logging.getLogger(__name__)

INTERVAL_S = 2.0
# How long a phone may stay away (tunnel, locked screen, dead spot) before its recording is closed as it stands.
RESUME_GRACE_S = 45.0
# After a restart of the server phones come back within seconds, and a clinician is waiting.
RESTART_GRACE_S = 15.0
RETRY_FIRST_S = 5.0
RETRY_MOST_S = 300.0
# A row that says "receiving" this long after its start, with no sound in the journal, will never have any.
STALE = timedelta(minutes=10)
STALE_INTERVAL_S = 60.0


class Sweeper:
    """Knows which recordings have a phone on the line, and files the others when their time has come.

    One per process, with a thread of its own once `start` was called; `sweep` may be called by hand.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._attached: dict[UUID, int] = {}
        self._due_s: dict[UUID, float] = {}
        self._failures: dict[UUID, int] = {}
        self._stale_due_s = 0.0
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._stopping = False

    def start(self) -> None:
        """Begin sweeping, once per process; also opens the journal, so that a crash before is made good now."""
        with self._guard:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="capture-sweeper", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End the thread, after the recording it is filing."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def attach(self, recording: UUID) -> None:
        """A phone is sending this recording."""
        with self._guard:
            self._attached[recording] = self._attached.get(recording, 0) + 1
            self._due_s.pop(recording, None)

    def detach(self, recording: UUID, *, may_return: bool, now_s: float | None = None) -> None:
        """The phone left; with `may_return` its recording is kept open for a while."""
        now_s = time.monotonic() if now_s is None else now_s
        with self._guard:
            left = self._attached.get(recording, 1) - 1
            if left > 0:
                self._attached[recording] = left
                return
            self._attached.pop(recording, None)
            self._due_s[recording] = now_s + (RESUME_GRACE_S if may_return else 0.0)
        if not may_return:
            self._wake.set()

    def sweep(self, *, now_s: float | None = None) -> None:
        """File every recording that is due."""
        now_s = time.monotonic() if now_s is None else now_s
        waiting = get_spool().unfiled()
        self._forget_all_but({state.recording for state in waiting})
        for state in waiting:
            if self._is_due(state, now_s):
                self._file(state, now_s)
        if now_s >= self._stale_due_s:
            self._stale_due_s = now_s + STALE_INTERVAL_S
            self._close_stale_rows({state.recording for state in waiting})

    def _run(self) -> None:
        while not self._stopping:
            try:
                close_old_connections()
                self.sweep()
            except Exception:
                # The next round may find database and disk again; without this thread nobody would look.
                log.exception("a sweep of the journal failed")
            finally:
                close_old_connections()
            self._wake.wait(INTERVAL_S)
            self._wake.clear()

    def _is_due(self, state: TakeState, now_s: float) -> bool:
        with self._guard:
            if state.recording in self._attached:
                return False
            if state.stop is not None and state.recording not in self._failures:
                return True
            grace_s = RESTART_GRACE_S if state.is_recovered else RESUME_GRACE_S
            return now_s >= self._due_s.setdefault(state.recording, now_s + grace_s)

    def _file(self, state: TakeState, now_s: float) -> None:
        recording = Recording.objects.filter(pk=state.recording).select_related("session").first()
        if recording is None:
            # Purged while its sound was still in the journal: what was erased stays erased.
            log.warning("recording %s is gone from the database; its sound is dropped", state.recording)
            get_spool().filed(state.recording)
            return
        try:
            stored = finish_take(
                recording_id=recording.pk, session_id=recording.session_id, by=Actor.system()
            )
        except HeartSiteError as error:
            log.warning("recording %s was not filed: %s", state.recording, error.code)
            self._try_later(state.recording, now_s)
        except Exception:
            log.exception("recording %s was not filed; its sound is safe in the journal", state.recording)
            self._try_later(state.recording, now_s)
        else:
            if state.stop is not None:
                recording.refresh_from_db()
                announcements.take_filed_later(recording, stored.sha256)

    def _try_later(self, recording: UUID, now_s: float) -> None:
        with self._guard:
            self._failures[recording] = self._failures.get(recording, 0) + 1
            delay_s = min(RETRY_MOST_S, RETRY_FIRST_S * 2 ** (self._failures[recording] - 1))
            self._due_s[recording] = now_s + delay_s

    def _forget_all_but(self, waiting: set[UUID]) -> None:
        with self._guard:
            for known in (self._due_s, self._failures):
                for recording in known.keys() - waiting:
                    del known[recording]

    def _close_stale_rows(self, waiting: set[UUID]) -> None:
        stale = Recording.objects.filter(
            status=Recording.Status.RECEIVING,
            source=Recording.Source.PHONE,
            started_at__lt=timezone.now() - STALE,
        ).exclude(pk__in=waiting)
        for recording in stale[:100]:
            try:
                finish_take(recording_id=recording.pk, session_id=recording.session_id, by=Actor.system())
            except HeartSiteError as error:
                log.info("recording %s never had any sound: %s", recording.pk, error.code)


sweeper = Sweeper()
