"""Deleting with undo, and what must not be deleted."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from accounts.models import AuditEvent
from analysis.models import Reading
from recordings.models import Recording
from recordings.selectors import get_recording_for, recordings_for
from recordings.services.deletion import delete_recording, restore_recording
from tests import factories


@pytest.fixture
def recording(clinic):
    return factories.make_recording(factories.make_session(clinic))


@pytest.fixture
def as_clinician(client, clinician):
    client.force_login(clinician, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def test_the_message_offers_undo_and_undo_brings_it_back(as_clinician, clinician, recording):
    path = f"/recordings/{recording.pk}/"
    page = as_clinician.post(f"{path}delete/", follow=True).content.decode()
    assert f'action="{path}restore/"' in page
    assert ">Undo</button>" in page
    assert recording not in recordings_for(clinician)
    assert as_clinician.get(path).status_code == 404
    as_clinician.post(f"{path}restore/")
    assert recording in recordings_for(clinician)
    assert list(
        AuditEvent.objects.filter(object_id=str(recording.pk)).order_by("at").values_list("action", flat=True)
    ) == [
        "recording.deleted",
        "recording.restored",
    ]


def test_a_deleted_recording_shows_only_to_those_who_ask_for_it(clinician, recording):
    delete_recording(recording=recording, by=Actor.of_user(clinician))
    assert get_recording_for(clinician, recording.pk, include_deleted=True).deleted_by == clinician


def test_a_signed_reading_keeps_its_recording(as_clinician, clinician, recording):
    draft = Reading.objects.create(
        clinic=recording.clinic, recording=recording, reader=clinician, impression="normal"
    )
    Reading.objects.filter(pk=draft.pk).update(signed_at=timezone.now(), signed_by=clinician)
    with pytest.raises(HeartSiteError, match=r"recording\.signed"):
        delete_recording(recording=recording, by=Actor.of_user(clinician))
    page = as_clinician.post(f"/recordings/{recording.pk}/delete/")
    assert page.status_code == 409
    assert "is signed" in page.content.decode()
    assert Recording.objects.get().deleted_at is None


def test_an_unsigned_reading_does_not(clinician, recording):
    Reading.objects.create(
        clinic=recording.clinic, recording=recording, reader=clinician, impression="normal"
    )
    delete_recording(recording=recording, by=Actor.of_user(clinician))
    assert recording.deleted_at is not None


def test_a_take_that_is_still_arriving_is_not_deleted(clinician, clinic):
    arriving = factories.make_recording(factories.make_session(clinic), status="receiving", audio="")
    with pytest.raises(HeartSiteError, match=r"recording\.receiving"):
        delete_recording(recording=arriving, by=Actor.of_user(clinician))


def test_deleting_and_restoring_twice_leaves_one_event_each(clinician, recording):
    by = Actor.of_user(clinician)
    for _ in range(2):
        delete_recording(recording=recording, by=by)
    for _ in range(2):
        restore_recording(recording=recording, by=by)
    assert AuditEvent.objects.filter(action__startswith="recording.").count() == 2


def test_neither_a_reviewer_nor_a_stranger_deletes(reviewer, stranger, recording):
    for person in (reviewer, stranger):
        with pytest.raises(PermissionDenied):
            delete_recording(recording=recording, by=Actor.of_user(person))
