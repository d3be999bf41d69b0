"""API tokens: one's own, and for an administrator the clinic's."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actors import Actor
from accounts.decorators import clinic_page
from accounts.forms import TokenForm
from accounts.requests import PersonRequest
from accounts.selectors import get_token_for, tokens_for
from accounts.services.tokens import create_token, revoke_token


@require_http_methods(["GET", "POST"])
@never_cache
@clinic_page()
def index(request: PersonRequest) -> HttpResponse:
    form = TokenForm(request.POST or None)
    context = {"tokens": tokens_for(request.user), "form": form}
    if request.method == "POST" and form.is_valid():
        _, context["secret"] = create_token(by=Actor.of(request), **form.cleaned_data)
        context["form"] = TokenForm()
    return render(request, "accounts/tokens.html", context)


@require_POST
@clinic_page()
def revoke(request: PersonRequest, token_id: UUID) -> HttpResponse:
    token = get_token_for(request.user, token_id)
    revoke_token(token=token, by=Actor.of(request))
    messages.success(request, f"The token “{token.name}” no longer works.")
    return redirect("accounts:tokens")
