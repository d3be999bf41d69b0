"""Withdrawing a consent, for research alone or for care, and what becomes of the takes."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from accounts.models import AuditEvent
from analysis.models import Reading
from recordings.models import Consent, Recording
from recordings.selectors import recordings_for
from recordings.services.consents import Purpose, withdraw_consent
from recordings.services.phones import consent_in_force
from tests import factories


@pytest.fixture
def session(clinic):
    return factories.make_session(clinic)


@pytest.fixture
def consent(session):
    return factories.make_consent(session, for_research=True)


@pytest.fixture
def as_clinician(client, clinician):
    client.force_login(clinician, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("at").values_list("action", flat=True))


def test_withdrawing_care_deletes_the_takes_of_that_session_alone(session, consent, clinician):
    takes = [factories.make_recording(session, consent=consent) for _ in range(2)]
    elsewhere = factories.make_recording(factories.make_session(session.clinic, session.patient))
    done = withdraw_consent(consent=consent, by=Actor.of_user(clinician))
    assert set(done.deleted) == set(takes)
    assert list(recordings_for(clinician)) == [elsewhere]
    consent.refresh_from_db()
    session.refresh_from_db()
    assert consent.withdrawn_at is not None
    assert not consent.for_research
    assert not session.is_open
    assert consent_in_force(session) is None
    assert actions() == ["consent.withdrawn", "recording.deleted", "recording.deleted", "session.ended"]
    event = AuditEvent.objects.get(action="consent.withdrawn")
    assert event.details == {"takes_deleted": 2, "takes_kept": 0}
    assert AuditEvent.objects.filter(details={"reason": "consent_withdrawn"}).count() == 2


def test_every_consent_of_the_session_goes_with_it(session, consent, clinician):
    factories.make_consent(session, giver=Consent.Giver.ATTESTED)
    withdraw_consent(consent=consent, by=Actor.of_user(clinician))
    assert not Consent.objects.filter(withdrawn_at=None).exists()


def test_withdrawing_research_keeps_everything_else(session, consent, clinician):
    take = factories.make_recording(session, consent=consent)
    for _ in range(2):
        withdraw_consent(consent=consent, by=Actor.of_user(clinician), purpose=Purpose.RESEARCH)
    consent.refresh_from_db()
    assert (consent.for_care, consent.for_research, consent.withdrawn_at) == (True, False, None)
    assert list(recordings_for(clinician)) == [take]
    assert actions() == ["consent.research_withdrawn"]


def test_a_signed_take_stays_and_is_counted(session, consent, clinician):
    signed, other = (factories.make_recording(session) for _ in range(2))
    Reading.objects.create(
        clinic=session.clinic,
        recording=signed,
        reader=clinician,
        impression="normal",
        signed_at=timezone.now(),
        signed_by=clinician,
    )
    done = withdraw_consent(consent=consent, by=Actor.of_user(clinician))
    assert (done.deleted, done.kept) == ((other,), 1)
    assert list(recordings_for(clinician)) == [signed]


def test_not_while_a_take_is_arriving(session, consent, clinician):
    factories.make_recording(session, status=Recording.Status.RECEIVING, audio="")
    with pytest.raises(HeartSiteError, match=r"recording\.receiving"):
        withdraw_consent(consent=consent, by=Actor.of_user(clinician))
    consent.refresh_from_db()
    assert consent.withdrawn_at is None


def test_withdrawing_twice_leaves_one_event(consent, clinician):
    for _ in range(2):
        withdraw_consent(consent=consent, by=Actor.of_user(clinician))
    assert actions().count("consent.withdrawn") == 1


def test_neither_a_reviewer_nor_a_stranger_withdraws(reviewer, stranger, consent):
    for person in (reviewer, stranger):
        for purpose in Purpose:
            with pytest.raises(PermissionDenied):
                withdraw_consent(consent=consent, by=Actor.of_user(person), purpose=purpose)
    assert not AuditEvent.objects.exists()


def test_the_patient_page_lists_it_and_leads_to_the_question(as_clinician, session, consent):
    page = as_clinician.get(f"/patients/{session.patient_id}/").content.decode()
    path = f"/sessions/consents/{consent.pk}/withdraw/"
    assert "The patient, on the phone" in page
    assert "care and research" in page
    assert "wording 2026-11" in page
    assert f'href="{path}"' in page
    factories.make_recording(session)
    asked = as_clinician.get(path).content.decode()
    assert "Withdraw research" in asked
    assert "Withdraw consent and delete 1 take" in asked


def test_the_deed_and_its_undo(as_clinician, session, consent):
    take = factories.make_recording(session)
    path = f"/sessions/consents/{consent.pk}/withdraw/"
    page = as_clinician.post(path, {"purpose": "care"}, follow=True).content.decode()
    assert "1 take deleted" in page
    assert "Withdrawn " in page
    assert f'href="{path}"' not in page
    assert f'action="/recordings/{take.pk}/restore/"' in page
    as_clinician.post(f"/recordings/{take.pk}/restore/")
    assert Recording.objects.get().deleted_at is None


def test_a_reviewer_sees_consents_and_no_button(client, reviewer, session, consent):
    client.force_login(reviewer, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = client.get(f"/patients/{session.patient_id}/").content.decode()
    assert "The patient, on the phone" in page
    assert f"{consent.pk}/withdraw/" not in page


def test_another_purpose_changes_nothing(as_clinician, consent):
    answer = as_clinician.post(f"/sessions/consents/{consent.pk}/withdraw/", {"purpose": "fun"})
    assert answer.status_code == 400
    assert "consent.withdrawn" not in actions()


def test_another_patients_consents_are_not_listed(as_clinician, session, consent):
    other = factories.make_patient(session.clinic)
    assert f"{consent.pk}" not in as_clinician.get(f"/patients/{other.pk}/").content.decode()
