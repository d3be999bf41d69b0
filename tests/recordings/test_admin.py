"""The admin site: a clinic's wall in every list, choice and action, and nothing changed that must not be."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib import admin
from django.urls import reverse
from django.utils import timezone

from accounts.actors import Actor
from accounts.models import ApiToken, AuditEvent, Clinic, Invitation, Membership, Role
from analysis.models import Analysis, ModelVersion, Reading
from analysis.services.registry import promote_model
from recordings.models import Consent, Patient, Recording, RecordingSession
from tests import factories

OURS = [
    "user",
    "clinic",
    "membership",
    "invitation",
    "apitoken",
    "auditevent",
    "patient",
    "recordingsession",
    "recording",
    "consent",
    "analysis",
    "reading",
    "modelversion",
]


@pytest.fixture
def administrator(administrator):
    administrator.is_staff = True
    administrator.save()
    return administrator


@pytest.fixture
def superuser(clinic):
    return factories.make_user(clinic, Role.ADMIN, is_staff=True, is_superuser=True)


@pytest.fixture
def browse(client):
    def log_in(user):
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return log_in


@pytest.fixture
def rows(clinic, stranger):
    """One row of each model in the clinic and in another: {model name: (ours, theirs)}."""
    model = ModelVersion.objects.create(
        name="heart", version="1", directory="/none", artefact_sha256="a" * 64
    )

    def fill(home: Clinic) -> dict:
        person = factories.make_user(home)
        session = factories.make_session(home)
        recording = factories.make_recording(session)
        common = {"clinic": home, "recording": recording}
        soon = timezone.now() + timedelta(days=1)
        return {
            "user": person,
            "clinic": home,
            "membership": person.memberships.get(),
            "invitation": Invitation.objects.create(
                email="a@example.org", clinic=home, token_hash=str(home.pk), expires_at=soon
            ),
            "apitoken": ApiToken.objects.create(
                user=person, clinic=home, name="t", token_hash=str(home.pk), prefix="hs_", expires_at=soon
            ),
            "auditevent": AuditEvent.objects.create(clinic_id=home.pk, actor_kind="system", action="x"),
            "patient": session.patient,
            "recordingsession": session,
            "recording": recording,
            "consent": factories.make_consent(session),
            "analysis": Analysis.objects.create(**common, model_version=model),
            "reading": Reading.objects.create(**common, reader=person, impression="normal"),
        }

    ours, theirs = fill(clinic), fill(stranger.active_clinic)
    return {name: (ours[name], theirs[name]) for name in ours}


def model_admin(name: str):
    return next(each for each in admin.site._registry.values() if each.opts.model_name == name)


def address(name: str, page: str, *args) -> str:
    return reverse(f"admin:{model_admin(name).opts.app_label}_{name}_{page}", args=args)


def test_logging_in_goes_through_our_page(client, db):
    response = client.get("/admin/", follow=True)
    assert response.redirect_chain[-1][0].startswith("/accounts/login/?next=")
    refused = client.post("/admin/login/", {"username": "a@example.org", "password": "x"})
    assert refused.url.startswith("/accounts/login/"), "no second door beside axes and the second factor"


def test_a_next_address_elsewhere_is_not_followed(client, db):
    assert "evil" not in client.get("/admin/login/?next=https://evil.example/").url


@pytest.mark.parametrize("who", ["clinician", "reviewer"])
def test_only_administrators_come_in(browse, request, who):
    person = request.getfixturevalue(who)
    person.is_staff = True
    person.save()
    assert browse(person).get("/admin/", follow=True).status_code == 403


def test_an_administrator_who_is_not_staff_stays_out(browse, clinic):
    assert browse(factories.make_user(clinic, Role.ADMIN)).get("/admin/", follow=True).status_code == 403


@pytest.mark.parametrize("name", [name for name in OURS if name != "modelversion"])
def test_a_clinics_administrator_sees_that_clinics_rows_alone(browse, administrator, rows, name):
    client = browse(administrator)
    ours, theirs = rows[name]
    listed = client.get(address(name, "changelist"))
    assert listed.status_code == 200
    shown = {row.pk for row in listed.context["cl"].result_list}
    assert ours.pk in shown
    assert theirs.pk not in shown
    assert client.get(address(name, "change", ours.pk)).status_code == 200
    for page in ("change", "history", "delete"):
        assert client.get(address(name, page, theirs.pk)).status_code in (302, 403), page


@pytest.mark.parametrize("name", OURS)
def test_a_superuser_crosses_and_every_list_searches_and_filters(browse, superuser, rows, name):
    client = browse(superuser)
    if name in rows:
        assert client.get(address(name, "change", rows[name][1].pk)).status_code == 200
    assert client.get(address(name, "changelist"), {"q": "a"}).status_code == 200
    for model_filter in client.get(address(name, "changelist")).context["cl"].filter_specs:
        for choice in model_filter.choices(client.get(address(name, "changelist")).context["cl"]):
            assert client.get(address(name, "changelist") + choice["query_string"]).status_code == 200
    assert model_admin(name).search_fields
    assert model_admin(name).list_filter


def test_every_model_of_ours_is_there_and_no_librarys_own_admin():
    registered = {each.opts.model_name for each in admin.site._registry.values()}
    assert registered == {*OURS, "authenticator", "accessattempt"}


def test_removing_a_lost_second_factor_is_audited_and_shows_no_secret(
    browse, superuser, administrator, clinician
):
    lost = TOTP.activate(clinician, "JBSWY3DPEHPK3PXP").instance
    assert browse(administrator).get(address("authenticator", "changelist")).status_code == 403
    client = browse(superuser)
    assert "JBSWY3DPEHPK3PXP" not in client.get(address("authenticator", "change", lost.pk)).content.decode()
    client.post(address("authenticator", "delete", lost.pk), {"post": "yes"})
    assert not Authenticator.objects.exists()
    assert AuditEvent.objects.get(action="admin.deleted").object_type == "authenticator"


@pytest.mark.parametrize("name", OURS)
def test_nothing_of_ours_is_deleted_here(browse, superuser, rows, name):
    client = browse(superuser)
    assert (
        "delete_selected"
        not in (client.get(address(name, "changelist")).context["action_form"] or {"x": ""}).__str__()
    )
    if name in rows:
        row = rows[name][0]
        assert client.post(address(name, "delete", row.pk), {"post": "yes"}).status_code == 403
        assert type(row).objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("recording", "pcm_sha256"),
        ("recording", "audio"),
        ("recording", "clinic"),
        ("analysis", "label"),
        ("reading", "impression"),
        ("auditevent", "action"),
        ("consent", "for_research"),
        ("recordingsession", "patient"),
    ],
)
def test_what_must_not_change_has_no_field(browse, superuser, rows, name, field):
    page = browse(superuser).get(address(name, "change", rows[name][0].pk))
    form = page.context["adminform"].form
    assert field not in form.fields


def test_posting_a_hash_changes_none(browse, superuser, rows):
    recording = rows["recording"][0]
    browse(superuser).post(
        address("recording", "change", recording.pk), {"pcm_sha256": "0" * 64, "site": "mitral"}
    )
    recording.refresh_from_db()
    assert (recording.pcm_sha256, recording.site) == ("", "mitral")


def test_a_change_is_audited_with_its_fields(browse, administrator, rows, clinic):
    patient = rows["patient"][0]
    page = browse(administrator).get(address("patient", "change", patient.pk))
    sent = {
        name: value
        for name, value in page.context["adminform"].form.initial.items()
        if value not in (None, False)
    }
    browse(administrator).post(address("patient", "change", patient.pk), {**sent, "name": "Corrected"})
    event = AuditEvent.objects.get(action="admin.changed")
    assert (event.clinic_id, event.object_id) == (clinic.pk, str(patient.pk))
    assert event.details == {"fields": ["Name"]}


def test_looking_is_audited_once(browse, administrator, rows):
    client = browse(administrator)
    client.get(address("patient", "changelist"))
    client.get(address("patient", "change", rows["patient"][0].pk))
    actions = (
        AuditEvent.objects.filter(action__startswith="admin.").order_by("at").values_list("action", flat=True)
    )
    assert list(actions) == ["admin.listed", "admin.viewed"]


def test_a_new_patient_cannot_be_put_into_another_clinic(browse, administrator, stranger, clinic):
    client = browse(administrator)
    client.post(address("patient", "add"), {"identifier": "P-x", "clinic": str(stranger.active_clinic.pk)})
    assert not Patient.objects.filter(identifier="P-x").exists()
    client.post(address("patient", "add"), {"identifier": "P-x", "clinic": str(clinic.pk)})
    assert Patient.objects.get(identifier="P-x").clinic == clinic


def test_completing_a_choice_offers_the_clinics_own(browse, administrator, superuser, rows):
    ours, theirs = rows["user"]
    asked = {"app_label": "accounts", "model_name": "membership", "field_name": "user", "term": "person"}
    offered = {
        row["id"] for row in browse(administrator).get("/admin/autocomplete/", asked).json()["results"]
    }
    assert str(ours.pk) in offered
    assert str(theirs.pk) not in offered
    all_offered = {
        row["id"] for row in browse(superuser).get("/admin/autocomplete/", asked).json()["results"]
    }
    assert str(theirs.pk) in all_offered


def test_an_action_reaches_only_the_clinics_rows(browse, administrator, rows):
    ours, theirs = rows["recording"]
    chosen = {"action": "hide", "_selected_action": [str(ours.pk), str(theirs.pk)]}
    browse(administrator).post(address("recording", "changelist"), chosen)
    assert Recording.objects.get(pk=ours.pk).deleted_at is not None
    assert Recording.objects.get(pk=theirs.pk).deleted_at is None
    assert AuditEvent.objects.filter(action="recording.deleted").count() == 1


def test_ending_sessions_by_action(browse, administrator, rows):
    session = rows["recordingsession"][0]
    chosen = {"action": "end", "_selected_action": [str(session.pk)]}
    browse(administrator).post(address("recordingsession", "changelist"), chosen)
    assert RecordingSession.objects.get(pk=session.pk).ended_at is not None


def test_a_clinics_administrator_sees_that_an_analysis_ran_and_not_what_it_said(browse, administrator, rows):
    analysis = rows["analysis"][0]
    Analysis.objects.filter(pk=analysis.pk).update(status="done", label="abnormal", probability_abnormal=0.93)
    client = browse(administrator)
    page = client.get(address("analysis", "change", analysis.pk)).content.decode()
    assert "0.93" not in page
    assert "Abnormal" not in page
    assert "abnormal" not in client.get(address("analysis", "changelist")).content.decode().lower()


@pytest.fixture
def files_there(monkeypatch):
    """The rows here have no model behind them; tests of the registry look at the files."""
    monkeypatch.setattr("analysis.services.registry.verify", lambda version: None)


def test_choosing_a_model_is_for_superusers(browse, administrator, superuser, rows, files_there):
    version = ModelVersion.objects.get()
    chosen = {"action": "promote", "_selected_action": [str(version.pk)]}
    browse(administrator).post(address("modelversion", "changelist"), chosen)
    version.refresh_from_db()
    assert version.stage != ModelVersion.Stage.CURRENT
    browse(superuser).post(address("modelversion", "changelist"), chosen)
    version.refresh_from_db()
    assert version.stage == ModelVersion.Stage.CURRENT


def test_a_superuser_goes_back_to_the_model_before(browse, superuser, rows, files_there):
    old = ModelVersion.objects.get()
    new = ModelVersion.objects.create(name="heart", version="newer", artefact_sha256="b" * 64)
    for version in (old, new):
        promote_model(version=version, by=Actor.system())
    chosen = {"action": "roll_back", "_selected_action": [str(new.pk)]}
    page = browse(superuser).post(address("modelversion", "changelist"), chosen, follow=True)
    assert "reads again from now on" in page.content.decode()
    assert ModelVersion.objects.get(stage=ModelVersion.Stage.CURRENT) == old


def test_a_membership_changes_through_the_services(browse, superuser, rows, administrator, stranger):
    own = Membership.objects.get(user=stranger)
    page = browse(superuser).post(
        address("membership", "change", own.pk), {"role": "clinician", "is_active": "on"}, follow=True
    )
    own.refresh_from_db()
    assert own.role == Role.ADMIN, "the other clinic's only administrator stays"
    assert "only administrator" in page.content.decode()
    membership = rows["membership"][0]
    browse(superuser).post(
        address("membership", "change", membership.pk), {"role": "reviewer", "is_active": "on"}
    )
    membership.refresh_from_db()
    assert membership.role == Role.REVIEWER
    assert AuditEvent.objects.filter(action="person.role_changed").exists()


def test_a_superuser_adds_a_person_and_a_clinics_administrator_does_not(browse, administrator, superuser):
    person = {"email": "New@Example.org", "full_name": "Nia", "usable_password": "true"}
    passwords = {"password1": "a wholly new phrase", "password2": "a wholly new phrase"}
    assert browse(administrator).post(address("user", "add"), {**person, **passwords}).status_code == 403
    browse(superuser).post(address("user", "add"), {**person, **passwords})
    from accounts.models import User

    assert User.objects.get(email="new@example.org").check_password("a wholly new phrase")


def test_no_hash_of_a_secret_is_shown(browse, administrator, rows):
    client = browse(administrator)
    for name in ("user", "apitoken", "invitation"):
        page = client.get(address(name, "change", rows[name][0].pk)).content.decode()
        assert "md5$" not in page
        assert "token_hash" not in page
        assert "Token hash" not in page


def test_consents_are_listed_by_their_words(browse, administrator, rows):
    assert Consent.objects.count() == 2
    page = browse(administrator).get(address("consent", "changelist"), {"q": rows["patient"][0].identifier})
    assert page.context["cl"].result_count == 1
