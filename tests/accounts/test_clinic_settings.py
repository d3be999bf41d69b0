"""The clinic's settings and API tokens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from accounts.models import ApiToken, AuditEvent, Clinic
from accounts.models.clinic import SENSITIVITY_BOUNDS
from accounts.services.clinics import update_clinic
from accounts.services.tokens import create_token, revoke_token
from ml.inference.curve import MAX_SENSITIVITY, MIN_SENSITIVITY
from recordings.models import RecordingSession
from tests import factories

SETTINGS = {
    "name": "Harbour Clinic",
    "time_zone": "Europe/Berlin",
    "target_s": "20",
    "retention_days": "3650",
}


def test_settings_are_saved_and_only_what_changed_is_named(browse, administrator, clinic):
    browse(administrator).post("/accounts/clinic/settings/", SETTINGS)
    clinic.refresh_from_db()
    assert (clinic.time_zone, clinic.target_s) == ("Europe/Berlin", 20)
    event = AuditEvent.objects.get(action="clinic.changed")
    assert event.details == {"fields": ["target_s", "time_zone"]}


def test_of_what_changes_readings_the_trail_keeps_the_values(browse, administrator, clinic):
    by = Actor.of_user(administrator)
    update_clinic(clinic=clinic, by=by, operating_point="adjusted", wanted_sensitivity=0.93, prevalence=0.1)
    assert AuditEvent.objects.get(action="clinic.changed").details == {
        "fields": ["operating_point", "prevalence", "wanted_sensitivity"],
        "operating_point": {"from": "balanced", "to": "adjusted"},
        "prevalence": {"from": 0.2, "to": 0.1},
        "wanted_sensitivity": {"from": 0.9, "to": 0.93},
    }
    page = browse(administrator).get("/accounts/audit/").content.decode()
    assert "operating_point: balanced \u2192 adjusted" in page
    update_clinic(clinic=clinic, by=by, wanted_sensitivity=0.93)
    assert AuditEvent.objects.filter(action="clinic.changed").count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [("wanted_sensitivity", 0.79), ("wanted_sensitivity", 0.99), ("prevalence", 0.004), ("prevalence", 0.91)],
)
def test_what_is_asked_of_the_model_stays_in_bounds(administrator, clinic, field, value):
    with pytest.raises(ValidationError):
        update_clinic(clinic=clinic, by=Actor.of_user(administrator), **{field: value})
    with pytest.raises(IntegrityError), transaction.atomic():
        Clinic.objects.filter(pk=clinic.pk).update(**{field: value})
    assert not AuditEvent.objects.filter(action="clinic.changed").exists()


def test_the_model_and_the_clinic_know_the_same_bounds():
    assert (MIN_SENSITIVITY, MAX_SENSITIVITY) == SENSITIVITY_BOUNDS


@pytest.mark.parametrize(
    ("field", "value"),
    [("target_s", "9"), ("target_s", "61"), ("time_zone", "Mars/Olympus"), ("retention_days", "0")],
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
