"""Where an invitation's or a reset's link leads.

The secret stands after the #. The page's script posts it once; after that the session remembers which link
was opened, and the secret is gone from the address.
"""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actors import Actor
from accounts.addresses import client_address
from accounts.forms import JoinForm
from accounts.models import Invitation, User
from accounts.requests import PersonRequest
from accounts.services import people

SESSION_KEY = "opened_invitation"


@require_POST
@never_cache
def open_link(request: PersonRequest) -> HttpResponse:
    invitation = people.find_invitation(secret=request.POST.get("secret", ""))
    request.session[SESSION_KEY] = str(invitation.pk)
    return redirect("accounts:join")


@require_http_methods(["GET", "POST"])
@never_cache
def join(request: PersonRequest) -> HttpResponse:
    opened = request.session.get(SESSION_KEY)
    if opened is None:
        return render(request, "accounts/join_open.html")
    found = Invitation.objects.select_related("clinic", "resets").filter(pk=opened).first()
    if found is None or found.used_at is not None:
        del request.session[SESSION_KEY]
    invitation = people.require_usable(found)
    owner = None if invitation.resets else User.objects.filter(email__iexact=invitation.email).first()
    if owner is not None:
        return _join_with_account(request, invitation, owner)
    form = JoinForm(request.POST or None, email=invitation.email, resets=invitation.resets)
    if request.method != "POST" or not form.is_valid():
        return render(request, "accounts/join.html", {"form": form, "invitation": invitation})
    people.accept_invitation(
        invitation=invitation,
        by=_bearer(request),
        full_name=form.cleaned_data.get("full_name", ""),
        password=form.cleaned_data["password"],
    )
    return _done(request, "Your password is set. Log in with it.", "account_login")


def _join_with_account(request: PersonRequest, invitation: Invitation, owner: User) -> HttpResponse:
    """Somebody of another clinic: logged in as themselves, they take the invitation up by a button."""
    is_owner = request.user.is_authenticated and request.user.pk == owner.pk
    if request.method != "POST" or not is_owner:
        context = {"invitation": invitation, "is_owner": is_owner}
        return render(request, "accounts/join_existing.html", context)
    people.accept_invitation(invitation=invitation, by=Actor.of(request), accepting=request.user)
    return _done(request, f"You now work in {invitation.clinic} too.", "analysis:home")


def _done(request: PersonRequest, message: str, where: str) -> HttpResponse:
    request.session.pop(SESSION_KEY, None)
    messages.success(request, message)
    return redirect(where)


def _bearer(request: PersonRequest) -> Actor:
    """Whoever holds the link; who they are is known once they have used it."""
    return Actor(kind="anonymous", address=client_address(request) or None, request_id=request.request_id)
