"""API tokens ("Authorization: Token hs_...") and the browser's session, both ending in an active clinic."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header

from accounts.models import ApiToken
from accounts.scoping import activate
from accounts.secrets import digest_of

# One write per token and minute is enough to see whether it is in use.
LAST_USED_GRAIN = timedelta(minutes=1)


class TokenAuthentication(BaseAuthentication):
    keyword = "Token"

    def authenticate(self, request):
        header = get_authorization_header(request).decode("latin-1").split()
        if not header or header[0].lower() != self.keyword.lower():
            return None
        if len(header) != 2:
            raise exceptions.AuthenticationFailed("The Authorization header should read: Token <your token>.")
        token = self._usable(header[1])
        membership = token.user.memberships.filter(clinic=token.clinic, is_active=True).first()
        if membership is None or not token.user.is_active:
            raise exceptions.AuthenticationFailed("This token's owner no longer works in its clinic.")
        activate(token.user, membership)
        return token.user, token

    def authenticate_header(self, request) -> str:
        return self.keyword

    def _usable(self, secret: str) -> ApiToken:
        tokens = ApiToken.objects.select_related("user", "clinic")
        token = tokens.filter(token_hash=digest_of(secret)).first()
        if token is None or not token.is_usable:
            raise exceptions.AuthenticationFailed("This token is unknown, expired or revoked.")
        now = timezone.now()
        if token.last_used_at is None or now - token.last_used_at > LAST_USED_GRAIN:
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
        return token


class ClinicSessionAuthentication(SessionAuthentication):
    """The session's user; ActiveClinicMiddleware has set their clinic already."""


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema):
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "Token <your token>",
        }


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = ClinicSessionAuthentication
    name = "session"

    def get_security_definition(self, auto_schema):
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
