"""Pairing a phone with a session: once, soon, and for that session alone."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connections
from django.utils import timezone

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from accounts.models import AuditEvent, Role
from recordings.models import Pairing
from recordings.services.pairing import (
    CODE_ALPHABET,
    authenticate,
    issue_pairing,
    redeem,
    revoke_pairing,
)
from recordings.services.sessions import end_session
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_wrong_codes")]

PHONE = {"address": "192.0.2.1", "client": {"user_agent": "test"}}


@pytest.fixture
def session(clinic):
    return factories.make_session(clinic)


@pytest.fixture
def by(clinician):
    return Actor.of_user(clinician)


@pytest.fixture
def ticket(session, by):
    return issue_pairing(session=session, by=by)


def refusal(call, **arguments) -> str:
    with pytest.raises(HeartSiteError) as error:
        call(**arguments)
    return error.value.code


def test_a_ticket_has_a_token_of_24_bytes_and_a_code_that_can_be_read_aloud(ticket):
    assert len(base64.urlsafe_b64decode(ticket.token)) == 24
    first, dash, second = ticket.short_code.partition("-")
    assert (len(first), dash, len(second)) == (3, "-", 3)
    assert set(first + second) <= set(CODE_ALPHABET)
    assert not set(CODE_ALPHABET) & set("0O1IL5S2Z8BUV")
    assert timedelta(minutes=4) < ticket.expires_at - timezone.now() <= timedelta(minutes=5)


@pytest.mark.parametrize("secret", ["token", "code"])
def test_a_token_or_code_buys_one_credential_for_one_session(ticket, session, secret):
    value = ticket.token if secret == "token" else ticket.short_code
    redeemed = redeem(**PHONE, **{secret: value})
    assert authenticate(credential=redeemed.credential).session == session
    assert refusal(redeem, **PHONE, token=ticket.token) == "pairing.invalid"
    assert refusal(redeem, **PHONE, code=ticket.short_code) == "pairing.invalid"


@pytest.mark.parametrize("typed", ["{0}", " {0} ", "{1}", "{2}"])
def test_a_code_may_be_typed_as_people_type(ticket, typed):
    code = ticket.short_code
    assert redeem(**PHONE, code=typed.format(code, code.lower(), code.replace("-", " ")))


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_gets_in(ticket):
    def attempt(_):
        try:
            return redeem(**PHONE, token=ticket.token)
        except HeartSiteError as error:
            return error.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(attempt, range(6)))
    assert outcomes.count("pairing.invalid") == 5


def test_an_expired_ticket_is_worth_nothing(ticket):
    Pairing.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert refusal(redeem, **PHONE, token=ticket.token) == "pairing.invalid"
    assert refusal(redeem, **PHONE, code=ticket.short_code) == "pairing.invalid"


def test_a_new_code_makes_the_old_one_lapse(ticket, session, by):
    newer = issue_pairing(session=session, by=by)
    assert refusal(redeem, **PHONE, token=ticket.token) == "pairing.invalid"
    assert redeem(**PHONE, token=newer.token)


def test_a_new_code_does_not_disturb_the_phone_until_it_is_used(ticket, session, by):
    first = redeem(**PHONE, token=ticket.token)
    newer = issue_pairing(session=session, by=by)
    assert authenticate(credential=first.credential)
    redeem(**PHONE, token=newer.token)
    assert refusal(authenticate, credential=first.credential) == "pairing.invalid"


def test_ending_the_session_ends_the_credential(ticket, session, by):
    credential = redeem(**PHONE, token=ticket.token).credential
    end_session(session=session, by=by)
    assert refusal(authenticate, credential=credential) == "session.ended"
    assert refusal(issue_pairing, session=session, by=by) == "session.ended"


def test_ending_the_session_ends_the_codes(ticket, session, by):
    end_session(session=session, by=by)
    assert refusal(redeem, **PHONE, token=ticket.token) == "pairing.invalid"


def test_revoking_ends_credential_and_codes(ticket, session, by):
    credential = redeem(**PHONE, token=ticket.token).credential
    waiting = issue_pairing(session=session, by=by)
    assert revoke_pairing(session=session, by=by) == 2
    assert refusal(authenticate, credential=credential) == "pairing.invalid"
    assert refusal(redeem, **PHONE, token=waiting.token) == "pairing.invalid"


def test_a_credential_does_not_outlive_the_day(ticket):
    credential = redeem(**PHONE, token=ticket.token).credential
    Pairing.objects.update(claimed_at=timezone.now() - timedelta(hours=12, seconds=1))
    assert refusal(authenticate, credential=credential) == "pairing.invalid"


def test_wrong_codes_are_counted_by_address_and_tokens_are_not(ticket):
    for _ in range(8):
        assert refusal(redeem, **PHONE, code="AAA-AAA") == "pairing.invalid"
    assert refusal(redeem, **PHONE, code=ticket.short_code) == "pairing.slow_down"
    assert redeem(address="192.0.2.7", client={}, code=ticket.short_code)


def test_a_credential_is_no_token_and_a_token_no_credential(ticket):
    assert refusal(authenticate, credential=ticket.token) == "pairing.invalid"
    credential = redeem(**PHONE, token=ticket.token).credential
    assert refusal(redeem, **PHONE, token=credential) == "pairing.invalid"
    assert refusal(authenticate, credential="") == "pairing.invalid"


def test_only_hashes_are_stored(ticket):
    credential = redeem(**PHONE, token=ticket.token).credential
    row = str(Pairing.objects.values().get(pk=ticket.pairing_id))
    assert not any(secret in row for secret in (ticket.token, ticket.short_code, credential))
    assert "test" in row


@pytest.mark.parametrize("role", [Role.REVIEWER])
def test_a_colleague_without_the_right_gets_no_code(role, clinic, session):
    colleague = factories.make_user(clinic, role)
    with pytest.raises(PermissionDenied):
        issue_pairing(session=session, by=Actor.of_user(colleague))
    with pytest.raises(PermissionDenied):
        revoke_pairing(session=session, by=Actor.of_user(colleague))


def test_a_stranger_gets_no_code(session, stranger):
    with pytest.raises(PermissionDenied):
        issue_pairing(session=session, by=Actor.of_user(stranger))


def test_every_step_is_audited(ticket, session, by):
    redeem(**PHONE, token=ticket.token)
    revoke_pairing(session=session, by=by)
    trail = set(AuditEvent.objects.values_list("actor_kind", "action"))
    assert {("user", "pairing.issued"), ("phone", "pairing.claimed"), ("user", "pairing.revoked")} <= trail
