"""The gate in front of a page: logged in, at work in a clinic, and with the right the page needs."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_required
from django.http import HttpResponseBase
from django.shortcuts import render

from accounts.permissions import Right, require
from accounts.requests import PersonRequest

View = Callable[..., HttpResponseBase]


def clinic_page(right: Right = Right.VIEW) -> Callable[[View], View]:
    """The anonymous go to the log-in page; people without a clinic are told so; others need `right`."""

    def decorate(view: View) -> View:
        @login_required
        @wraps(view)
        def gate(request: PersonRequest, *args, **kwargs) -> HttpResponseBase:
            if request.user.active_clinic is None:
                return render(request, "accounts/no_clinic.html", status=403)
            require(request.user, right)
            return view(request, *args, **kwargs)

        return gate

    return decorate
