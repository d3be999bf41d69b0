"""The admin site: for superusers everything, for a clinic's administrators their clinic.

Logging in and changing a password go through our own pages, so that lock-out, second factors and the audit hold
here too.
"""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from accounts.permissions import Right, can

OUR_PACKAGES = frozenset({"accounts", "recordings", "analysis"})


class ClinicAdminSite(AdminSite):
    site_header = "HeartSite administration"
    site_title = "HeartSite administration"
    index_title = "Everything that is stored"
    enable_nav_sidebar = True

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Only our own admin classes come in: they know the clinic's wall and write to the audit trail.

        Libraries register theirs too, which would show the secrets of second factors and change rows unseen.
        """
        if admin_class is not None and admin_class.__module__.partition(".")[0] in OUR_PACKAGES:
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        if not (user.is_active and user.is_staff):
            return False
        return user.is_superuser or can(user, Right.ADMINISTER)

    def login(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """The anonymous log in on our page; those logged in who may not enter are refused, not sent in circles."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied("The admin site is for administrators.")
        wanted = request.GET.get("next", "")
        if not url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
            wanted = reverse("admin:index")
        if request.user.is_authenticated:
            return redirect(wanted)
        return redirect(f"{reverse('account_login')}?{urlencode({'next': wanted})}")

    def password_change(self, request: HttpRequest, extra_context: dict | None = None):
        return redirect("account_change_password")

    def logout(self, request: HttpRequest, extra_context: dict | None = None):
        super().logout(request, extra_context)
        return redirect("account_login")
