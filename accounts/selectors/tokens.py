"""API tokens of the user's active clinic: one's own; an administrator sees all."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from accounts.models import ApiToken, User
from accounts.permissions import Right, can, require


def tokens_for(user: User) -> QuerySet[ApiToken]:
    require(user, Right.VIEW)
    tokens = ApiToken.objects.filter(clinic=user.active_clinic).select_related("user", "clinic")
    return tokens if can(user, Right.ADMINISTER) else tokens.filter(user=user)


def get_token_for(user: User, token_id: UUID) -> ApiToken:
    return get_object_or_404(tokens_for(user), pk=token_id)
