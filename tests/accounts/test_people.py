"""Inviting, joining, roles, reset links."""

from __future__ import annotations

import re

import pytest
from django.core.exceptions import PermissionDenied

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from accounts.models import AuditEvent, Invitation, Membership, Role, User
from accounts.services import people
from accounts.services.tokens import create_token
from tests import factories

GOOD = {"password": "a wholly new phrase", "password_again": "a wholly new phrase"}


def secret_in(page) -> str:
    return re.search(r"/accounts/join/#([\w-]+)", page.content.decode())[1]


def open_link(client, secret: str):
    return client.post("/accounts/join/open/", {"secret": secret})


def test_an_invited_person_joins_with_a_name_and_a_password(browse, client, administrator, clinic):
    page = browse(administrator).post(
        "/accounts/clinic/people/invite/", {"email": "New@Example.org", "role": "reviewer"}
    )
    secret = secret_in(page)
    assert not Invitation.objects.filter(token_hash__contains=secret).exists(), "only a hash is stored"
    assert open_link(client, secret).status_code == 302
    assert "new@example.org" in client.get("/accounts/join/").content.decode()
    client.post("/accounts/join/", {"full_name": "Nia New", **GOOD})
    person = User.objects.get(email="new@example.org")
    assert person.check_password(GOOD["password"])
    assert person.memberships.get().role == Role.REVIEWER
    joined = AuditEvent.objects.get(action="person.joined")
    assert (joined.clinic_id, joined.object_id) == (clinic.pk, str(person.public_id))


def test_a_link_works_once(browse, client, administrator):
    page = browse(administrator).post(
        "/accounts/clinic/people/invite/", {"email": "new@example.org", "role": "clinician"}
    )
    secret = secret_in(page)
    open_link(client, secret)
    client.post("/accounts/join/", {"full_name": "Nia New", **GOOD})
    assert open_link(browse(), secret).status_code == 410


def test_a_withdrawn_link_opens_nothing(browse, client, administrator):
    invitation, secret = people.invite_person(
        email="new@example.org", role=Role.CLINICIAN, by=Actor.of_user(administrator)
    )
    browse(administrator).post(f"/accounts/clinic/invitations/{invitation.pk}/revoke/")
    assert open_link(client, secret).status_code == 410


def test_a_wrong_secret_opens_nothing(client, db):
    assert open_link(client, "guess").status_code == 410
    assert "administrator gave you" in client.get("/accounts/join/").content.decode()


def test_differing_or_weak_passwords_are_refused(browse, client, administrator):
    _, secret = people.invite_person(
        email="new@example.org", role=Role.CLINICIAN, by=Actor.of_user(administrator)
    )
    open_link(client, secret)
    page = client.post(
        "/accounts/join/", {"full_name": "N", "password": "password1234", "password_again": "x"}
    )
    assert "differ" in page.content.decode()
    assert "too common" in page.content.decode()
    assert not User.objects.filter(email="new@example.org").exists()


def test_somebody_with_an_account_must_log_in_to_join(browse, client, administrator, stranger, clinic):
    """The link passed through other hands: it must not set the password of an account that reaches elsewhere."""
    _, secret = people.invite_person(
        email=stranger.email, role=Role.CLINICIAN, by=Actor.of_user(administrator)
    )
    open_link(client, secret)
    client.post("/accounts/join/", {"full_name": "Thief", **GOOD})
    stranger.refresh_from_db()
    assert stranger.check_password(factories.PASSWORD)
    assert not stranger.memberships.filter(clinic=clinic).exists()

    theirs = browse(stranger)
    open_link(theirs, secret)
    theirs.post("/accounts/join/")
    assert stranger.memberships.get(clinic=clinic).role == Role.CLINICIAN


def test_inviting_a_colleague_again_is_refused(browse, administrator, clinician):
    page = browse(administrator).post(
        "/accounts/clinic/people/invite/", {"email": clinician.email.upper(), "role": "clinician"}
    )
    assert page.status_code == 409
    assert "works in your clinic already" in page.content.decode()


def test_a_reset_link_sets_a_new_password(browse, client, administrator, clinician):
    page = browse(administrator).post(f"/accounts/clinic/people/{clinician.public_id}/reset/")
    open_link(client, secret_in(page))
    client.post("/accounts/join/", GOOD)
    clinician.refresh_from_db()
    assert clinician.check_password(GOOD["password"])
    assert AuditEvent.objects.filter(action="password.reset").exists()


def test_no_reset_link_into_another_clinic_or_the_admin_site(administrator, clinician, clinic):
    by = Actor.of_user(administrator)
    membership = clinician.memberships.get()
    elsewhere = Membership.objects.create(user=clinician, clinic=factories.make_clinic())
    with pytest.raises(HeartSiteError, match=r"person\.beyond_clinic"):
        people.issue_reset_link(membership=membership, by=by)
    elsewhere.delete()
    clinician.is_superuser = True
    clinician.save()
    with pytest.raises(HeartSiteError, match=r"person\.beyond_clinic"):
        people.issue_reset_link(membership=clinician.memberships.get(), by=by)


def test_a_role_changes_and_the_event_names_both(browse, administrator, clinician):
    browse(administrator).post(f"/accounts/clinic/people/{clinician.public_id}/role/", {"role": "reviewer"})
    assert clinician.memberships.get().role == Role.REVIEWER
    assert AuditEvent.objects.get(action="person.role_changed").details == {
        "from": "clinician",
        "to": "reviewer",
    }


def test_the_last_administrator_stays(administrator):
    by, own = Actor.of_user(administrator), administrator.memberships.get()
    with pytest.raises(HeartSiteError, match=r"person\.last_administrator"):
        people.change_role(membership=own, role=Role.CLINICIAN, by=by)
    with pytest.raises(HeartSiteError, match=r"person\.last_administrator"):
        people.set_active(membership=own, is_active=False, by=by)
    factories.make_user(administrator.active_clinic, Role.ADMIN)
    people.change_role(membership=own, role=Role.CLINICIAN, by=by)


def test_leaving_ends_tokens_and_coming_back_does_not_revive_them(administrator, clinician):
    token, _ = create_token(by=Actor.of_user(clinician), name="script", days=5)
    by, membership = Actor.of_user(administrator), clinician.memberships.get()
    people.set_active(membership=membership, is_active=False, by=by)
    people.set_active(membership=membership, is_active=True, by=by)
    token.refresh_from_db()
    assert not token.is_usable


def test_a_clinician_administers_nobody(clinician, reviewer):
    with pytest.raises(PermissionDenied):
        people.change_role(
            membership=reviewer.memberships.get(), role=Role.ADMIN, by=Actor.of_user(clinician)
        )


def test_an_administrator_reaches_into_no_other_clinic(browse, administrator, stranger):
    with pytest.raises(PermissionDenied):
        people.set_active(
            membership=stranger.memberships.get(), is_active=False, by=Actor.of_user(administrator)
        )
    page = browse(administrator).post(
        f"/accounts/clinic/people/{stranger.public_id}/active/", {"active": "0"}
    )
    assert page.status_code == 404
