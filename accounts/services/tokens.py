"""API tokens: shown once, stored as a hash."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from accounts.models import ApiToken
from accounts.permissions import Right, authorise
from accounts.secrets import digest_of, new_secret
from accounts.services.audit import record_event

PREFIX_LENGTH = 8
LONGEST_DAYS = 366


def create_token(*, by: Actor, name: str, days: int, read_only: bool = False) -> tuple[ApiToken, str]:
    """A token of the actor's own for their active clinic, and its secret, which nobody can read again."""
    if by.user is None or by.clinic is None:
        raise HeartSiteError("token.no_clinic", "A token belongs to a person at work in a clinic.", 409)
    if not 1 <= days <= LONGEST_DAYS:
        raise HeartSiteError("token.lifetime", f"A token may live for 1 to {LONGEST_DAYS} days.")
    authorise(by=by, right=Right.VIEW, clinic=by.clinic)
    secret = new_secret("hs_")
    with transaction.atomic():
        token = ApiToken.objects.create(
            user=by.user,
            clinic=by.clinic,
            name=name.strip(),
            token_hash=digest_of(secret),
            prefix=secret[:PREFIX_LENGTH],
            read_only=read_only,
            expires_at=timezone.now() + timedelta(days=days),
        )
        record_event(by=by, action="token.created", obj=token, details={"days": days, "read_only": read_only})
    return token, secret


def revoke_token(*, token: ApiToken, by: Actor) -> ApiToken:
    """End a token: one's own, or any of the clinic's for an administrator."""
    own = by.user is not None and token.user_id == by.user.pk
    authorise(by=by, right=Right.VIEW if own else Right.ADMINISTER, clinic=token.clinic)
    if token.revoked_at is None:
        with transaction.atomic():
            token.revoked_at = timezone.now()
            token.save(update_fields=["revoked_at"])
            record_event(by=by, action="token.revoked", obj=token)
    return token
