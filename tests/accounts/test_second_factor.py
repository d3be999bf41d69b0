"""The second step of a log-in: an authenticator app, and the codes for a lost phone."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache

from accounts.models import AuditEvent
from tests import factories

SECRET = "JBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def no_counts():
    cache.clear()


def code_now() -> str:
    counter = next(iter(yield_hotp_counters_from_time()))
    return format_hotp_value(hotp_value(SECRET, counter))


@pytest.fixture
def careful(clinician):
    TOTP.activate(clinician, SECRET)
    RecoveryCodes.activate(clinician)
    return clinician


def begin(client, user):
    return client.post("/accounts/login/", {"login": user.email, "password": factories.PASSWORD})


def test_the_password_alone_does_not_open(client, careful):
    assert begin(client, careful).url.endswith("/accounts/2fa/authenticate/")
    assert "_auth_user_id" not in client.session
    assert client.get("/patients/").status_code == 302
    assert client.get("/accounts/2fa/authenticate/").status_code == 200


def test_the_right_code_opens(client, careful):
    begin(client, careful)
    client.post("/accounts/2fa/authenticate/", {"code": code_now()})
    assert client.session["_auth_user_id"] == str(careful.pk)


def test_guessing_codes_ends_after_eight(client, careful):
    begin(client, careful)
    for _ in range(8):
        client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    client.post("/accounts/2fa/authenticate/", {"code": code_now()})
    assert "_auth_user_id" not in client.session
    assert AuditEvent.objects.filter(action="login.second_factor_failed").exists()


def test_pages_of_the_second_factor_are_all_there(client, browse, careful):
    begin(client, careful)
    client.post("/accounts/2fa/authenticate/", {"code": code_now()})
    for path in (
        "",
        "recovery-codes/",
        "recovery-codes/generate/",
        "recovery-codes/download/",
        "totp/deactivate/",
    ):
        assert client.get(f"/accounts/2fa/{path}", follow=True).status_code == 200, path


def test_setting_up_an_app_is_audited_and_gives_recovery_codes(
    client, clinician, django_capture_on_commit_callbacks
):
    begin(client, clinician)
    asked = client.get("/accounts/2fa/totp/activate/")
    assert asked.url.startswith("/accounts/reauthenticate/"), "a desk left unlocked changes no protection"
    page = client.post(asked.url, {"password": factories.PASSWORD}, follow=True)
    assert "Set up an authenticator app" in page.content.decode()
    secret = page.context["form"].secret
    counter = next(iter(yield_hotp_counters_from_time()))
    code = format_hotp_value(hotp_value(secret, counter))
    with django_capture_on_commit_callbacks(execute=True):
        done = client.post("/accounts/2fa/totp/activate/", {"code": code}, follow=True)
    assert "Recovery codes" in done.content.decode()
    assert Authenticator.objects.filter(user=clinician).count() == 2
    kinds = AuditEvent.objects.filter(action="second_factor.added").values_list("details__kind", flat=True)
    assert set(kinds) == {"totp", "recovery_codes"}
