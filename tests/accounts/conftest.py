"""A browser with somebody logged in, and a hand for what is asked of most pages."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User


@pytest.fixture
def browse():
    """browse(user) is a client with that person logged in; browse() with nobody."""

    def open_browser(user: User | None = None) -> Client:
        client = Client()
        if user is not None:
            client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return open_browser
