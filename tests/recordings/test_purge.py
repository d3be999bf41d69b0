"""What is removed for good, what stays, and what a failure in the middle leaves behind."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import numpy as np
import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from accounts.models import AuditEvent, Clinic
from analysis.models import Analysis, ModelVersion, Reading
from recordings.audio_store import store_audio
from recordings.models import Consent, Recording
from recordings.services.deletion import UNDO_WINDOW, delete_recording, restore_recording
from recordings.services.purge import delete_expired, purge_deleted
from recordings.tasks import purge
from tests import factories

SYSTEM = Actor.system()
LONG_AGO = UNDO_WINDOW + timedelta(days=1)


@pytest.fixture
def session(clinic, media):
    return factories.make_session(clinic)


def make_take(session, *, deleted_ago: timedelta | None = LONG_AGO, **fields) -> Recording:
    """A take with both of its files in the storage."""
    take = factories.make_recording(session, **fields)
    sound = store_audio(take, np.zeros(800, dtype=np.int16), rate_hz=8000)
    original = default_storage.save(f"uploads/{session.clinic_id}/{take.pk}.wav", ContentFile(b"RIFF"))
    deleted_at = None if deleted_ago is None else timezone.now() - deleted_ago
    Recording.objects.filter(pk=take.pk).update(audio=sound.name, source_file=original, deleted_at=deleted_at)
    take.refresh_from_db()
    return take


def files_of(media) -> set[str]:
    return {path.name for path in media.rglob("*") if path.is_file()}


def read(take, reader, *, signed: bool, amends=None) -> Reading:
    signature = {"signed_at": timezone.now(), "signed_by": reader} if signed else {}
    return Reading.objects.create(
        clinic=take.clinic, recording=take, reader=reader, impression="normal", amends=amends, **signature
    )


def test_rows_and_both_files_go_and_the_trail_stays(session, media):
    take = make_take(session, consent=factories.make_consent(session))
    model = ModelVersion.objects.create(
        name="heart", version="1", directory="/none", artefact_sha256="a" * 64
    )
    Analysis.objects.create(clinic=take.clinic, recording=take, model_version=model)
    assert purge_deleted(by=SYSTEM).removed == 1
    assert files_of(media) == set()
    assert not Recording.objects.exists()
    assert not Analysis.objects.exists()
    assert Consent.objects.count() == 1
    event = AuditEvent.objects.get(action="recording.purged")
    assert (event.object_id, event.clinic_id, event.actor_kind) == (str(take.pk), take.clinic_id, "system")


def test_what_is_not_deleted_or_can_still_be_undone_stays(session, media):
    make_take(session, deleted_ago=None)
    make_take(session, deleted_ago=UNDO_WINDOW - timedelta(hours=1))
    assert purge_deleted(by=SYSTEM).removed == 0
    assert len(files_of(media)) == 4


def test_the_undo_window_is_not_shortened(db):
    with pytest.raises(ValueError, match="30 days"):
        purge_deleted(by=SYSTEM, older_than=UNDO_WINDOW - timedelta(days=1))


def test_past_the_window_nobody_restores(session, clinician):
    take = make_take(session)
    with pytest.raises(HeartSiteError, match=r"recording\.undo_over"):
        restore_recording(recording=take, by=Actor.of_user(clinician))
    assert Recording.objects.get().deleted_at is not None


def test_a_signed_reading_keeps_its_recording(session, clinician, media):
    read(make_take(session), clinician, signed=True)
    done = purge_deleted(by=SYSTEM)
    assert (done.removed, done.kept) == (0, 1)
    assert len(files_of(media)) == 2


def test_drafts_go_with_their_recording(session, clinician):
    take = make_take(session)
    read(take, clinician, signed=False, amends=read(take, clinician, signed=False))
    assert purge_deleted(by=SYSTEM).removed == 1
    assert not Reading.objects.exists()
    assert AuditEvent.objects.get(action="recording.purged").details["drafts"] == 2


def test_a_failing_storage_is_finished_by_the_next_run(session, media, monkeypatch):
    broken, whole = make_take(session, deleted_ago=2 * LONG_AGO), make_take(session)
    delete = FileSystemStorage.delete

    def fails_after_the_first_file(storage, name):
        if str(broken.pk) in name and name.startswith("uploads/"):
            raise OSError("disk on fire")
        delete(storage, name)

    with monkeypatch.context() as patched:
        patched.setattr(FileSystemStorage, "delete", fails_after_the_first_file)
        done = purge_deleted(by=SYSTEM)
    assert (done.removed, done.failed) == (1, 1)
    assert list(Recording.objects.all()) == [broken]
    assert files_of(media) == {f"{broken.pk}.wav"}
    assert not AuditEvent.objects.filter(action="recording.purged", object_id=str(broken.pk)).exists()
    assert AuditEvent.objects.filter(action="recording.purged", object_id=str(whole.pk)).exists()
    assert purge_deleted(by=SYSTEM).removed == 1
    assert files_of(media) == set()
    assert not Recording.objects.exists()


def test_a_second_run_finds_nothing(session):
    make_take(session)
    purge_deleted(by=SYSTEM)
    assert purge_deleted(by=SYSTEM).removed == 0
    assert AuditEvent.objects.filter(action="recording.purged").count() == 1


def test_only_the_house_purges(session, administrator):
    make_take(session)
    for chore in (purge_deleted, delete_expired):
        with pytest.raises(PermissionDenied):
            chore(by=Actor.of_user(administrator))
    assert Recording.objects.count() == 1


def test_retention_deletes_what_is_too_old_and_leaves_time_to_undo(session, clinician):
    Clinic.objects.filter(pk=session.clinic_id).update(retention_days=100)
    old, signed, arriving, young = (make_take(session, deleted_ago=None) for _ in range(4))
    Recording.objects.exclude(pk=young.pk).update(created_at=timezone.now() - timedelta(days=101))
    Recording.objects.filter(pk=young.pk).update(created_at=timezone.now() - timedelta(days=99))
    Recording.objects.filter(pk=arriving.pk).update(status="receiving")
    read(signed, clinician, signed=True)
    assert delete_expired(by=SYSTEM) == 1
    assert list(Recording.objects.filter(deleted_at__isnull=False)) == [old]
    assert AuditEvent.objects.get(action="recording.deleted").details == {"reason": "retention"}
    old.refresh_from_db()
    restore_recording(recording=old, by=Actor.of_user(clinician))


def test_each_clinic_has_its_own_retention(clinic, media):
    other = factories.make_clinic(retention_days=10)
    for each in (clinic, other):
        make_take(factories.make_session(each), deleted_ago=None)
    Recording.objects.update(created_at=timezone.now() - timedelta(days=11))
    delete_expired(by=SYSTEM)
    assert Recording.objects.get(deleted_at__isnull=False).clinic == other


def run_command(*args: str) -> str:
    out = StringIO()
    call_command("purge", *args, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_the_command_counts_and_a_dry_run_changes_nothing(session, media):
    make_take(session)
    make_take(session, deleted_ago=None)
    Clinic.objects.update(retention_days=1)
    Recording.objects.filter(deleted_at=None).update(created_at=timezone.now() - timedelta(days=2))
    said = run_command("--dry-run")
    assert "1 recording would be deleted" in said
    assert "1 recording would be removed" in said
    assert (Recording.objects.count(), len(files_of(media))) == (2, 4)
    said = run_command()
    assert "1 recording deleted" in said
    assert "1 recording removed for good" in said
    assert Recording.objects.get().deleted_at is not None


def test_the_command_fails_when_something_could_not_be_removed(session, monkeypatch):
    def refuses(storage, name):
        raise OSError("read-only")

    make_take(session)
    monkeypatch.setattr(FileSystemStorage, "delete", refuses)
    with pytest.raises(CommandError, match="1 could not be removed"):
        run_command()


def test_the_worker_does_both(session, clinician):
    make_take(session)
    kept = make_take(session, deleted_ago=None)
    Clinic.objects.update(retention_days=1)
    Recording.objects.filter(pk=kept.pk).update(created_at=timezone.now() - timedelta(days=2))
    purge()
    assert Recording.objects.get().deleted_at is not None


def test_a_fresh_deletion_is_not_purged(session, clinician):
    take = make_take(session, deleted_ago=None)
    delete_recording(recording=take, by=Actor.of_user(clinician))
    assert purge_deleted(by=SYSTEM).removed == 0
