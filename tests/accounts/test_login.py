"""Logging in through allauth under the eyes of axes and the audit trail."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.urls import NoReverseMatch, reverse

from accounts.models import AuditEvent, Role
from tests import factories

LOGIN = "/accounts/login/"


@pytest.fixture(autouse=True)
def no_counts():
    """allauth counts log-ins by address in the cache, which outlives a test."""
    cache.clear()


def log_in(client, email: str, password: str = factories.PASSWORD, address: str = "10.0.0.1"):
    return client.post(LOGIN, {"login": email, "password": password}, REMOTE_ADDR=address)


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("at").values_list("action", flat=True))


def test_page_names_its_fields_as_people_script_them(client, db):
    page = client.get(LOGIN).content.decode()
    assert '<label for="id_login">Email</label>' in page
    assert '<label for="id_password">Password</label>' in page
    assert ">Log in</button>" in page


def test_email_is_compared_without_case(client, clinician):
    response = log_in(client, clinician.email.upper())
    assert response.status_code == 302
    assert client.session["_auth_user_id"] == str(clinician.pk)


def test_logging_in_and_out_is_on_the_trail(client, clinician, clinic):
    log_in(client, clinician.email)
    client.post("/accounts/logout/")
    assert actions() == ["login", "logout"]
    event = AuditEvent.objects.get(action="login")
    assert (event.clinic_id, event.actor_id) == (clinic.pk, str(clinician.public_id))
    assert event.address == "10.0.0.1"
    assert event.request_id


def test_logging_out_takes_a_post(client, clinician):
    log_in(client, clinician.email)
    assert client.get("/accounts/logout/").status_code == 200
    assert "_auth_user_id" in client.session


def test_a_wrong_password_is_on_the_trail_without_what_was_typed(client, clinician, clinic):
    log_in(client, clinician.email, "my secret typed wrongly")
    event = AuditEvent.objects.get(action="login.failed")
    assert (event.actor_kind, event.clinic_id) == ("anonymous", clinic.pk)
    assert event.object_id == str(clinician.public_id)
    assert event.details == {}


def test_eight_failures_lock_that_person_at_that_address_only(client, clinician, reviewer):
    for _ in range(7):
        assert log_in(client, clinician.email, "wrong").status_code == 200
    locked = log_in(client, clinician.email, "wrong")
    assert locked.status_code == 429
    assert "Locked for a while" in locked.content.decode()
    assert log_in(client, clinician.email).status_code == 429, "the right password does not help any more"

    assert log_in(client, reviewer.email).status_code == 302, "a colleague at the same address"
    client.logout()
    assert log_in(client, clinician.email, address="10.0.0.2").status_code == 302, "the same person elsewhere"
    assert "login.locked" in actions()


def test_typing_the_name_in_another_case_counts_as_the_same_person(client, clinician):
    for n in range(8):
        log_in(client, clinician.email.upper() if n % 2 else clinician.email, "wrong")
    assert log_in(client, clinician.email).status_code == 429


def test_a_forged_forwarding_header_opens_no_new_account_of_failures(client, clinician):
    for n in range(8):
        client.post(LOGIN, {"login": clinician.email, "password": "x"}, HTTP_X_FORWARDED_FOR=f"203.0.113.{n}")
    assert client.post(LOGIN, {"login": clinician.email, "password": factories.PASSWORD}).status_code == 429


@pytest.mark.parametrize("name", ["account_signup", "account_reset_password", "account_email"])
def test_what_is_not_wanted_of_allauth_is_not_there(name):
    with pytest.raises(NoReverseMatch):
        reverse(name)


def test_somebody_closed_is_told_so(client, clinician):
    clinician.is_active = False
    clinician.save()
    response = log_in(client, clinician.email)
    assert response.url == "/accounts/inactive/"
    assert client.get(response.url).status_code == 200


def test_changing_the_password(browse, clinician):
    client = browse(clinician)
    passwords = {"password1": "a wholly new phrase", "password2": "a wholly new phrase"}
    client.post("/accounts/password/change/", {"oldpassword": factories.PASSWORD, **passwords})
    clinician.refresh_from_db()
    assert clinician.check_password("a wholly new phrase")
    assert "password.changed" in actions()
    assert client.get("/accounts/password/change/").status_code == 200, "still logged in"


def test_a_short_new_password_is_refused(browse, clinician):
    passwords = {"password1": "short", "password2": "short"}
    page = browse(clinician).post(
        "/accounts/password/change/", {"oldpassword": factories.PASSWORD, **passwords}
    )
    assert "12 characters" in page.content.decode()
    clinician.refresh_from_db()
    assert clinician.check_password(factories.PASSWORD)


def test_somebody_without_a_clinic_is_told_so(browse, db):
    page = browse(factories.make_user()).get("/")
    assert page.status_code == 403
    assert "You work in no clinic yet" in page.content.decode()


def test_changing_clinic_is_audited_there_and_changes_what_is_seen(browse, clinician, clinic):
    from accounts.models import Membership

    other = factories.make_clinic(name="Zweite Praxis")
    Membership.objects.create(user=clinician, clinic=other, role=Role.REVIEWER)
    patient = factories.make_patient(clinic)
    client = browse(clinician)
    assert client.get(f"/patients/{patient.pk}/").status_code == 200
    response = client.post("/accounts/switch/", {"clinic": str(other.pk)}, follow=True)
    assert "You are now working in Zweite Praxis." in response.content.decode()
    assert client.get(f"/patients/{patient.pk}/").status_code == 404
    assert AuditEvent.objects.get(action="clinic.switched").clinic_id == other.pk


@pytest.mark.parametrize("clinic_id", ["", "nonsense", "00000000-0000-0000-0000-000000000000"])
def test_nobody_switches_into_a_clinic_they_do_not_work_in(browse, clinician, clinic_id):
    assert browse(clinician).post("/accounts/switch/", {"clinic": clinic_id}).status_code == 404


def test_a_deactivated_membership_ends_what_is_seen(browse, clinician, clinic):
    client = browse(clinician)
    clinician.memberships.update(is_active=False)
    assert client.get("/patients/").status_code == 403
