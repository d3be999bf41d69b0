"""Nobody signs up: an administrator invites."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedSignupAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Leave counting wrong passwords to django-axes, which counts by e-mail and address together.

        allauth's own count is by e-mail alone: a stranger could keep a clinician out. It still limits second
        factors, whose caller has shown the right password already.
        """
