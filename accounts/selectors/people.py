"""The people of the user's active clinic, and the invitations still open."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone

from accounts.models import Invitation, Membership, User
from accounts.permissions import Right, require


def members_for(user: User) -> QuerySet[Membership]:
    require(user, Right.ADMINISTER)
    memberships = Membership.objects.filter(clinic=user.active_clinic).select_related("user", "clinic")
    return memberships.order_by("-is_active", "user__full_name", "user__email")


def get_membership_for(user: User, public_id: UUID) -> Membership:
    """Somebody of the clinic, by the id the audit trail knows them by."""
    memberships = Membership.objects.filter(clinic=user.active_clinic).select_related("user", "clinic")
    membership = get_object_or_404(memberships, user__public_id=public_id)
    require(user, Right.ADMINISTER)
    return membership


def invitations_for(user: User) -> QuerySet[Invitation]:
    """Links handed out and not yet used, expired or withdrawn."""
    require(user, Right.ADMINISTER)
    invitations = Invitation.objects.filter(clinic=user.active_clinic, used_at=None)
    return invitations.filter(expires_at__gt=timezone.now()).select_related("invited_by")
