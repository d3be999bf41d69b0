"""The clinic's settings and API tokens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from accounts.models import ApiToken, AuditEvent
from accounts.services.clinics import update_clinic
from accounts.services.tokens import create_token, revoke_token
from recordings.models import RecordingSession
from tests import factories

SETTINGS = {
    "name": "Harbour Clinic",
    "time_zone": "Europe/Berlin",
    "target_s": "20",
    "retention_days": "3650",
    "operating_point": "screening",
    "prevalence_percent": "12.5",
}


def test_settings_are_saved_and_only_what_changed_is_named(browse, administrator, clinic):
    browse(administrator).post("/accounts/clinic/settings/", SETTINGS)
    clinic.refresh_from_db()
    assert (clinic.time_zone, clinic.target_s, clinic.prevalence) == ("Europe/Berlin", 20, 0.125)
    event = AuditEvent.objects.get(action="clinic.changed")
    assert event.details["fields"] == ["operating_point", "prevalence", "target_s", "time_zone"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("target_s", "9"), ("target_s", "61"), ("time_zone", "Mars/Olympus"), ("prevalence_percent", "100")],
)
def test_impossible_settings_are_refused(browse, administrator, clinic, field, value):
    page = browse(administrator).post("/accounts/clinic/settings/", {**SETTINGS, field: value})
    assert page.status_code == 200
    assert "errorlist" in page.content.decode()
    clinic.refresh_from_db()
    assert clinic.target_s == 15


def test_times_are_shown_in_the_clinics_zone(browse, clinician, clinic):
    clinic.time_zone = "Asia/Tokyo"
    clinic.save()
    session = factories.make_session(clinic)
    RecordingSession.objects.filter(pk=session.pk).update(
        opened_at=datetime(2026, 11, 22, 20, 30, tzinfo=UTC)
    )
    assert "23 Nov 2026, 05:30" in browse(clinician).get("/sessions/").content.decode()


def test_a_clinician_changes_no_settings(clinician, clinic):
    with pytest.raises(PermissionDenied):
        update_clinic(clinic=clinic, by=Actor.of_user(clinician), target_s=30)


def test_a_token_is_shown_once_and_stored_as_a_hash(browse, clinician):
    client = browse(clinician)
    page = client.post(
        "/accounts/tokens/", {"name": "ward", "days": "30", "read_only": "on"}
    ).content.decode()
    token = ApiToken.objects.get()
    secret = page.split('value="hs_')[1].split('"')[0]
    assert len(secret) > 40
    assert f"hs_{secret}" not in (token.token_hash, token.prefix)
    assert f"hs_{secret}" not in client.get("/accounts/tokens/").content.decode()
    assert token.expires_at - timezone.now() < timedelta(days=30, minutes=1)


@pytest.mark.parametrize("days", [0, 367])
def test_a_token_lives_neither_never_nor_forever(clinician, days):
    with pytest.raises(HeartSiteError, match=r"token\.lifetime"):
        create_token(by=Actor.of_user(clinician), name="x", days=days)


def test_one_sees_and_revokes_ones_own_tokens_and_an_administrator_all(
    browse, clinician, reviewer, administrator
):
    token, _ = create_token(by=Actor.of_user(clinician), name="ward script", days=30)
    assert "ward script" in browse(administrator).get("/accounts/tokens/").content.decode()
    assert "ward script" not in browse(reviewer).get("/accounts/tokens/").content.decode()
    assert browse(reviewer).post(f"/accounts/tokens/{token.pk}/revoke/").status_code == 404
    with pytest.raises(PermissionDenied):
        revoke_token(token=token, by=Actor.of_user(reviewer))
    browse(administrator).post(f"/accounts/tokens/{token.pk}/revoke/")
    token.refresh_from_db()
    assert not token.is_usable
