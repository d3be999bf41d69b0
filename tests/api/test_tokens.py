from __future__ import annotations

from rest_framework.test import APIClient

from accounts.models import ApiToken
from tests.api.conftest import client_with_token


def test_a_token_is_made_used_and_revoked(clinician):
    browser = APIClient()
    browser.force_login(clinician)
    made = browser.post("/api/v1/tokens/", {"name": "script", "days": 3, "read_only": False}, format="json")
    assert made.status_code == 201
    secret, number = made.json()["secret"], made.json()["id"]
    assert secret not in str(list(ApiToken.objects.values()))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
    listed = client.get("/api/v1/tokens/").json()["results"]
    assert [row["name"] for row in listed] == ["script"]
    assert "secret" not in listed[0]
    assert client.delete(f"/api/v1/tokens/{number}/").status_code == 204
    assert client.get("/api/v1/tokens/").status_code == 401


def test_tokens_are_read_only_unless_asked(clinician):
    browser = APIClient()
    browser.force_login(clinician)
    assert browser.post("/api/v1/tokens/", {"name": "x"}, format="json").json()["read_only"] is True


def test_nobody_touches_anothers_token(api, administrator):
    client_with_token(administrator)
    theirs = ApiToken.objects.get(user=administrator)
    assert api.delete(f"/api/v1/tokens/{theirs.pk}/").status_code == 404
    assert {row["id"] for row in api.get("/api/v1/tokens/").json()["results"]}.isdisjoint({str(theirs.pk)})
    assert ApiToken.objects.get(pk=theirs.pk).revoked_at is None


def test_a_token_cannot_prolong_its_own_life(api):
    response = api.post("/api/v1/tokens/", {"name": "x", "days": 60}, format="json")
    assert (response.status_code, response.json()["error"]["code"]) == (403, "token.outlives")
    assert api.post("/api/v1/tokens/", {"name": "x", "days": 5}, format="json").status_code == 201


def test_lifetimes_have_bounds(api):
    for days in (0, 100000, "long"):
        response = api.post("/api/v1/tokens/", {"name": "x", "days": days}, format="json")
        assert response.json()["error"]["code"] == "request.invalid"


def test_making_tokens_is_slow(api):
    codes = [
        api.post("/api/v1/tokens/", {"name": "x", "days": 1}, format="json").status_code for _ in range(21)
    ]
    assert codes == [201] * 20 + [429]
