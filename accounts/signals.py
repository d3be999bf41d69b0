"""Logging in and out reaches the audit trail by signals: it happens inside Django, allauth and axes."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import password_changed
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
)
from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.actors import Actor
from accounts.addresses import client_address
from accounts.lockout import username_of
from accounts.models import Clinic, User
from accounts.scoping import memberships_of
from accounts.services.audit import record_event


@receiver(user_logged_in, dispatch_uid="audit_login")
def logged_in(sender: Any, request: HttpRequest, user: User, **_: Any) -> None:
    _record(request, user, "login")


@receiver(user_logged_out, dispatch_uid="audit_logout")
def logged_out(sender: Any, request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is not None:
        _record(request, user, "logout")


@receiver(user_login_failed, dispatch_uid="audit_login_failed")
def login_failed(sender: Any, credentials: dict, request: HttpRequest | None = None, **_: Any) -> None:
    """What was typed stays out of the trail: people type passwords into the wrong field."""
    _record_unknown(request, username_of(request, credentials), "login.failed")


@receiver(user_locked_out, dispatch_uid="audit_locked_out")
def locked_out(sender: Any, request: HttpRequest, username: str | None = None, **_: Any) -> None:
    _record_unknown(request, username, "login.locked")


@receiver(password_changed, dispatch_uid="audit_password_changed")
def changed_password(sender: Any, request: HttpRequest, user: User, **_: Any) -> None:
    _record(request, user, "password.changed")


@receiver(authenticator_added, dispatch_uid="audit_mfa_added")
def second_factor_added(sender: Any, request: HttpRequest, user: User, authenticator: Any, **_: Any) -> None:
    _record(request, user, "second_factor.added", kind=authenticator.type)


@receiver(authenticator_removed, dispatch_uid="audit_mfa_removed")
def second_factor_removed(
    sender: Any, request: HttpRequest, user: User, authenticator: Any, **_: Any
) -> None:
    _record(request, user, "second_factor.removed", kind=authenticator.type)


@receiver(authenticator_reset, dispatch_uid="audit_mfa_reset")
def second_factor_reset(sender: Any, request: HttpRequest, user: User, authenticator: Any, **_: Any) -> None:
    _record(request, user, "second_factor.reset", kind=authenticator.type)


@receiver(authentication_failed, dispatch_uid="audit_mfa_failed")
def second_factor_failed(sender: Any, request: HttpRequest, user: User, **_: Any) -> None:
    _record_unknown(request, user.email, "login.second_factor_failed")


def _record(request: HttpRequest, user: User, action: str, **details: str) -> None:
    by = Actor(
        kind="user",
        id=str(user.public_id),
        user=user,
        clinic=user.active_clinic or _first_clinic(user),
        address=client_address(request) or None,
        request_id=getattr(request, "request_id", ""),
    )
    record_event(by=by, action=action, obj=user, details=details)


def _record_unknown(request: HttpRequest | None, email: str | None, action: str) -> None:
    """Somebody who has not shown who they are: the account they named is the object, not the actor."""
    user = User.objects.filter(email__iexact=email).first() if email else None
    by = Actor(
        kind="anonymous",
        address=(client_address(request) or None) if request is not None else None,
        request_id=getattr(request, "request_id", ""),
    )
    record_event(by=by, action=action, obj=user, clinic=_first_clinic(user) if user else None)


def _first_clinic(user: User) -> Clinic | None:
    membership = memberships_of(user).first()
    return membership.clinic if membership else None
