"""People of a clinic: inviting, letting in, changing a role, letting go, and a new password."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from accounts.models import Clinic, Invitation, Membership, Role, User
from accounts.permissions import Right, authorise
from accounts.secrets import digest_of, new_secret
from accounts.services.audit import record_event

INVITATION_LIFE = timedelta(days=7)
RESET_LIFE = timedelta(hours=24)


def invite_person(*, email: str, role: str, by: Actor) -> tuple[Invitation, str]:
    """An invitation to the actor's clinic, and the secret of its link for the administrator to hand over."""
    clinic = by.clinic
    if clinic is None:
        raise HeartSiteError("clinic.none", "Choose a clinic first: an invitation is to one.", 409)
    authorise(by=by, right=Right.ADMINISTER, clinic=clinic)
    email = email.strip().lower()
    if clinic.memberships.filter(user__email__iexact=email, is_active=True).exists():
        raise HeartSiteError("person.already_here", "This person works in your clinic already.", 409)
    return _issue(
        email=email, role=role, by=by, action="person.invited", lifetime=INVITATION_LIFE, clinic=clinic
    )


def issue_reset_link(*, membership: Membership, by: Actor) -> tuple[Invitation, str]:
    """A link that sets a new password. Refused (`person.beyond_clinic`) where the account opens more doors.

    A clinic's administrator must not come into another clinic, or into the admin site, by way of a colleague.
    """
    authorise(by=by, right=Right.ADMINISTER, clinic=membership.clinic)
    person = membership.user
    elsewhere = person.memberships.filter(is_active=True).exclude(clinic=membership.clinic).exists()
    by_superuser = by.kind == "system" or (by.user is not None and by.user.is_superuser)
    if (elsewhere or person.is_superuser) and not by_superuser:
        raise HeartSiteError(
            "person.beyond_clinic",
            "This account reaches beyond your clinic. Ask the whole site's administrator for a link.",
            403,
        )
    return _issue(
        email=person.email,
        role=membership.role,
        by=by,
        action="person.reset_issued",
        lifetime=RESET_LIFE,
        clinic=membership.clinic,
        resets=person,
    )


def revoke_invitation(*, invitation: Invitation, by: Actor) -> None:
    authorise(by=by, right=Right.ADMINISTER, clinic=invitation.clinic)
    with transaction.atomic():
        if Invitation.objects.filter(pk=invitation.pk, used_at=None).update(expires_at=timezone.now()):
            record_event(by=by, action="invitation.revoked", obj=invitation)


def find_invitation(*, secret: str) -> Invitation:
    """The usable invitation behind a link's secret. Raises `invitation.unusable` (410)."""
    invitation = (
        Invitation.objects.select_related("clinic", "resets").filter(token_hash=digest_of(secret)).first()
    )
    return require_usable(invitation)


def require_usable(invitation: Invitation | None) -> Invitation:
    if invitation is None or invitation.used_at is not None or invitation.expires_at <= timezone.now():
        raise HeartSiteError(
            "invitation.unusable",
            "This link was used already, has expired or was withdrawn. Ask your administrator for a new one.",
            410,
        )
    return invitation


def accept_invitation(
    *,
    invitation: Invitation,
    by: Actor,
    full_name: str = "",
    password: str = "",
    accepting: User | None = None,
) -> User:
    """Turn a link into an account, a new password, or a further clinic for somebody who has an account.

    `accepting` is the logged-in person, needed when the e-mail has an account already: the link alone, which
    passed through other hands, must not set its password. Raises `invitation.unusable`, `invitation.log_in`.
    """
    with transaction.atomic():
        if not Invitation.objects.filter(pk=invitation.pk, used_at=None).update(used_at=timezone.now()):
            require_usable(None)
        if invitation.resets is not None:
            person = invitation.resets
            person.set_password(password)
            person.save(update_fields=["password"])
            record_event(by=by, action="password.reset", obj=person, clinic=invitation.clinic)
            return person
        known = User.objects.filter(email__iexact=invitation.email).first()
        person = known or User.objects.create_user(invitation.email, password, full_name=full_name.strip())
        if known is not None and (accepting is None or accepting.pk != known.pk):
            raise HeartSiteError(
                "invitation.log_in", "You have an account already: log in, then open the link.", 409
            )
        Membership.objects.update_or_create(
            user=person, clinic=invitation.clinic, defaults={"role": invitation.role, "is_active": True}
        )
        record_event(
            by=by,
            action="person.joined",
            obj=person,
            clinic=invitation.clinic,
            details={"role": invitation.role},
        )
    return person


def change_role(*, membership: Membership, role: str, by: Actor) -> Membership:
    """Raises `person.last_administrator` when nobody would be left to administer the clinic."""
    authorise(by=by, right=Right.ADMINISTER, clinic=membership.clinic)
    if role not in Role.values:
        raise HeartSiteError("person.role", "That is no role.")
    if role == membership.role:
        return membership
    with transaction.atomic():
        if role != Role.ADMIN:
            _require_another_administrator(membership)
        before, membership.role = membership.role, role
        membership.save(update_fields=["role"])
        details = {"from": before, "to": role}
        record_event(
            by=by,
            action="person.role_changed",
            obj=membership.user,
            clinic=membership.clinic,
            details=details,
        )
    return membership


def set_active(*, membership: Membership, is_active: bool, by: Actor) -> Membership:
    """Let somebody go from the clinic, or have them back; their tokens for it end with their membership."""
    authorise(by=by, right=Right.ADMINISTER, clinic=membership.clinic)
    if membership.is_active == is_active:
        return membership
    with transaction.atomic():
        if not is_active:
            _require_another_administrator(membership)
            tokens = membership.user.api_tokens.filter(clinic=membership.clinic, revoked_at=None)
            tokens.update(revoked_at=timezone.now())
        membership.is_active = is_active
        membership.save(update_fields=["is_active"])
        action = "person.reactivated" if is_active else "person.deactivated"
        record_event(by=by, action=action, obj=membership.user, clinic=membership.clinic)
    return membership


def _require_another_administrator(membership: Membership) -> None:
    others = membership.clinic.memberships.filter(role=Role.ADMIN, is_active=True).exclude(pk=membership.pk)
    if membership.role == Role.ADMIN and membership.is_active and not others.exists():
        raise HeartSiteError(
            "person.last_administrator",
            "This is the clinic's only administrator. Make somebody else an administrator first.",
            409,
        )


def _issue(
    *,
    email: str,
    role: str,
    by: Actor,
    action: str,
    lifetime: timedelta,
    clinic: Clinic,
    resets: User | None = None,
) -> tuple[Invitation, str]:
    secret = new_secret()
    with transaction.atomic():
        invitation = Invitation.objects.create(
            email=email,
            clinic=clinic,
            role=role,
            token_hash=digest_of(secret),
            invited_by=by.user,
            resets=resets,
            expires_at=timezone.now() + lifetime,
        )
        record_event(by=by, action=action, obj=invitation, details={"role": role})
    return invitation, secret
