from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.actors import Actor
from accounts.models import ApiToken
from accounts.services.tokens import create_token
from recordings import hooks


def client_with_token(user, *, read_only: bool = False, **changes) -> APIClient:
    """A client that sends a token of `user`; `changes` are written to the token's row."""
    token, secret = create_token(by=Actor.of_user(user), name="test", days=30, read_only=read_only)
    if changes:
        ApiToken.objects.filter(pk=token.pk).update(**changes)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
    return client


@pytest.fixture(autouse=True)
def _fresh_rates():
    """Throttles count in the cache."""
    cache.clear()


@pytest.fixture(autouse=True)
def _nobody_listens(monkeypatch):
    monkeypatch.setattr(hooks, "_listeners", [])


@pytest.fixture
def api(clinician) -> APIClient:
    return client_with_token(clinician)


@pytest.fixture
def clients(clinician, reviewer, stranger) -> dict[str, APIClient]:
    """Everybody who may knock."""
    yesterday = timezone.now() - timedelta(days=1)
    return {
        "owner": client_with_token(clinician),
        "colleague": client_with_token(reviewer),
        "stranger": client_with_token(stranger),
        "anonymous": APIClient(),
        "read-only": client_with_token(clinician, read_only=True),
        "expired": client_with_token(clinician, expires_at=yesterday),
        "revoked": client_with_token(clinician, revoked_at=yesterday),
    }
