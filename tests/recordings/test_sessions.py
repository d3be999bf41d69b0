"""Opening, steering, ending and moving sessions."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from accounts.models import AuditEvent
from recordings import announcements
from recordings.models import Pairing, RecordingSession
from recordings.services.sessions import end_session, move_session, open_session, update_session
from tests import factories


@pytest.fixture
def by(clinician):
    return Actor.of_user(clinician)


@pytest.fixture
def as_clinician(client, clinician):
    client.force_login(clinician, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def told(monkeypatch):
    """What phones were told: (what, session id) pairs."""
    heard = []
    monkeypatch.setattr(
        announcements, "settings_changed", lambda session: heard.append(("settings", session.pk))
    )
    monkeypatch.setattr(
        announcements, "phones_revoked", lambda session_id, **_: heard.append(("revoked", session_id))
    )
    return heard


def test_a_session_takes_the_clinics_length_unless_another_is_asked(by, clinic):
    clinic.target_s = 25
    clinic.save()
    patient = factories.make_patient(clinic)
    assert open_session(patient=patient, by=by).target_s == 25
    assert open_session(patient=patient, by=by, target_s=40, site="mitral").target_s == 40
    assert AuditEvent.objects.filter(action="session.opened").count() == 2


@pytest.mark.parametrize(
    "wrong", [{"target_s": 9}, {"target_s": 61}, {"site": "elbow"}, {"posture": "upside_down"}]
)
def test_impossible_settings_open_nothing(by, clinic, wrong):
    with pytest.raises(HeartSiteError, match=r"session\.invalid"):
        open_session(patient=factories.make_patient(clinic), by=by, **wrong)
    assert not RecordingSession.objects.exists()


def test_new_settings_reach_the_phone_after_the_commit(by, clinic, told, django_capture_on_commit_callbacks):
    session = factories.make_session(clinic)
    with django_capture_on_commit_callbacks(execute=True):
        update_session(session=session, by=by, site="mitral", target_s=30)
        assert told == []
    assert told == [("settings", session.pk)]
    assert AuditEvent.objects.get(action="session.changed").details == {"fields": ["site", "target_s"]}


def test_ending_revokes_the_phone_and_a_second_end_changes_nothing(
    by, clinic, told, django_capture_on_commit_callbacks
):
    session = factories.make_session(clinic)
    pairing = Pairing.objects.create(
        clinic=clinic, session=session, token_hash="t", code_hash="c", expires_at=timezone.now()
    )
    with django_capture_on_commit_callbacks(execute=True):
        end_session(session=session, by=by)
        end_session(session=RecordingSession.objects.get(pk=session.pk), by=by)
    pairing.refresh_from_db()
    assert pairing.revoked_at is not None
    assert told == [("revoked", session.pk)]
    assert AuditEvent.objects.filter(action="session.ended").count() == 1


def test_an_ended_session_takes_no_settings(by, clinic):
    session = factories.make_session(clinic, ended_at=timezone.now())
    with pytest.raises(HeartSiteError, match=r"session\.ended"):
        update_session(session=session, by=by, site="mitral")


def test_moving_takes_the_consents_along_and_names_both_patients(by, clinic):
    session = factories.make_session(clinic)
    consent = factories.make_consent(session)
    wrong, right = session.patient, factories.make_patient(clinic)
    move_session(session=session, patient=right, by=by)
    consent.refresh_from_db()
    assert (session.patient, consent.patient) == (right, right)
    event = AuditEvent.objects.get(action="session.moved")
    assert event.details == {"from_patient": str(wrong.pk), "to_patient": str(right.pk)}


def test_no_session_moves_into_another_clinic(by, clinic, stranger):
    session = factories.make_session(clinic)
    foreign = factories.make_patient(stranger.active_clinic)
    with pytest.raises(HeartSiteError, match=r"session\.other_clinic"):
        move_session(session=session, patient=foreign, by=by)
    with pytest.raises(PermissionDenied):
        move_session(session=session, patient=foreign, by=Actor.of_user(stranger))


def test_new_session_leads_to_its_live_page(as_clinician, clinic):
    patient = factories.make_patient(clinic)
    page = as_clinician.get(f"/patients/{patient.pk}/").content.decode()
    assert ">New session</button>" in page
    response = as_clinician.post(f"/patients/{patient.pk}/sessions/open/")
    session = RecordingSession.objects.get()
    assert response.url == f"/sessions/{session.pk}/"
    assert session.opened_by == as_clinician.get("/").context["user"]


def test_one_setting_at_a_time_leaves_the_others(as_clinician, clinic):
    session = factories.make_session(clinic, site="mitral", target_s=20)
    answer = as_clinician.post(f"/sessions/{session.pk}/settings/", {"posture": "sitting"})
    assert answer.json() == {"site": "mitral", "posture": "sitting", "target_s": 20}
    refused = as_clinician.post(
        f"/sessions/{session.pk}/settings/", {"target_s": "300"}, headers={"accept": "application/json"}
    )
    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == "session.invalid"


def test_the_list_filters_by_state_and_patient(as_clinician, clinic, django_assert_max_num_queries):
    for n in range(8):
        session = factories.make_session(clinic, ended_at=timezone.now() if n % 2 else None)
        factories.make_recording(session)
        factories.make_recording(session, deleted_at=timezone.now())
    with django_assert_max_num_queries(12):
        page = as_clinician.get("/sessions/?state=open")
    assert len(page.context["page"].object_list) == 4
    assert {each.n_takes for each in page.context["page"].object_list} == {1}
    one = as_clinician.get("/sessions/", {"q": session.patient.identifier})
    assert [each.pk for each in one.context["page"].object_list] == [session.pk]


def test_the_page_moves_a_session_to_the_patient_that_was_chosen(as_clinician, clinic):
    session = factories.make_session(clinic)
    right = factories.make_patient(clinic, identifier="RIGHT-1")
    page = as_clinician.get(f"/sessions/{session.pk}/move/", {"q": "right"})
    assert list(page.context["candidates"]) == [right]
    as_clinician.post(f"/sessions/{session.pk}/move/", {"patient": str(right.pk)})
    session.refresh_from_db()
    assert session.patient == right


def test_the_page_moves_nothing_to_a_patient_of_another_clinic(as_clinician, clinic, stranger):
    session = factories.make_session(clinic)
    foreign = factories.make_patient(stranger.active_clinic)
    answer = as_clinician.post(f"/sessions/{session.pk}/move/", {"patient": str(foreign.pk)})
    assert answer.status_code == 404
