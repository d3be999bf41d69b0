"""The clinic's people, for its administrator."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.actors import Actor
from accounts.decorators import clinic_page
from accounts.errors import HeartSiteError
from accounts.forms import InvitationForm, RoleForm
from accounts.models import Role
from accounts.permissions import Right
from accounts.requests import PersonRequest
from accounts.selectors import get_membership_for, invitations_for, members_for
from accounts.services import people
from accounts.services.audit import record_event


@require_GET
@clinic_page(Right.ADMINISTER)
def index(request: PersonRequest) -> HttpResponse:
    record_event(by=Actor.of(request), action="people.listed")
    return _page(request, InvitationForm())


@require_POST
@never_cache
@clinic_page(Right.ADMINISTER)
def invite(request: PersonRequest) -> HttpResponse:
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        invitation, secret = people.invite_person(by=Actor.of(request), **form.cleaned_data)
    except HeartSiteError as error:
        form.add_error("email", error.message)
        return _page(request, form, status=error.http_status)
    return _link_page(request, invitation, secret)


@require_POST
@clinic_page(Right.ADMINISTER)
def role(request: PersonRequest, public_id: UUID) -> HttpResponse:
    membership = get_membership_for(request.user, public_id)
    form = RoleForm(request.POST)
    if form.is_valid():
        people.change_role(membership=membership, by=Actor.of(request), **form.cleaned_data)
        messages.success(request, f"{membership.user} is now: {membership.get_role_display()}.")
    return redirect("accounts:people")


@require_POST
@clinic_page(Right.ADMINISTER)
def active(request: PersonRequest, public_id: UUID) -> HttpResponse:
    membership = get_membership_for(request.user, public_id)
    wanted = request.POST.get("active") == "1"
    people.set_active(membership=membership, is_active=wanted, by=Actor.of(request))
    state = "works here again" if wanted else "no longer works here"
    messages.success(request, f"{membership.user} {state}.")
    return redirect("accounts:people")


@require_POST
@never_cache
@clinic_page(Right.ADMINISTER)
def reset(request: PersonRequest, public_id: UUID) -> HttpResponse:
    membership = get_membership_for(request.user, public_id)
    invitation, secret = people.issue_reset_link(membership=membership, by=Actor.of(request))
    return _link_page(request, invitation, secret)


@require_POST
@clinic_page(Right.ADMINISTER)
def revoke(request: PersonRequest, invitation_id: UUID) -> HttpResponse:
    invitation = get_object_or_404(invitations_for(request.user), pk=invitation_id)
    people.revoke_invitation(invitation=invitation, by=Actor.of(request))
    messages.success(request, "The link no longer works.")
    return redirect("accounts:people")


def _page(request: PersonRequest, form: InvitationForm, status: int = 200) -> HttpResponse:
    context = {
        "members": members_for(request.user),
        "invitations": invitations_for(request.user),
        "form": form,
        "roles": Role.choices,
    }
    return render(request, "accounts/people.html", context, status=status)


def _link_page(request: PersonRequest, invitation, secret: str) -> HttpResponse:
    """Shown once. The secret stands after the #, so that no server's log ever holds it."""
    link = request.build_absolute_uri(reverse("accounts:join")) + "#" + secret
    return render(request, "accounts/link.html", {"invitation": invitation, "link": link})
