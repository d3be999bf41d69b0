"""Deletes what clinics keep no longer, and removes for good what was deleted before the undo window."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.actors import Actor
from recordings.services.deletion import UNDO_WINDOW
from recordings.services.purge import delete_expired, deleted_before, past_retention, purge_deleted


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="count what would go, change nothing")

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        if dry_run:
            now = timezone.now()
            self._say("would be deleted, past their clinic's retention", len(past_retention(now)))
            self._say("would be removed for good", deleted_before(now - UNDO_WINDOW).count())
            return

        def progress(items: Iterable[UUID], total: int) -> Iterable[UUID]:
            from tqdm import tqdm

            is_quiet = options["verbosity"] == 0 or total == 0
            return tqdm(items, total=total, unit="recording", file=self.stderr, disable=is_quiet)

        self._say(
            "deleted, past their clinic's retention", delete_expired(by=Actor.system(), progress=progress)
        )
        purged = purge_deleted(by=Actor.system(), progress=progress)
        self._say("removed for good", purged.removed)
        if purged.kept:
            self._say("kept, though deleted: a reading of them is signed", purged.kept)
        if purged.failed:
            raise CommandError(f"{purged.failed} could not be removed; the log says why. Run this again.")

    def _say(self, what: str, count: int) -> None:
        self.stdout.write(f"{count} recordings {what}" if count != 1 else f"1 recording {what}")
