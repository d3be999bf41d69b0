"""Puts the active clinic on request.user, once per request and only when somebody asks who the user is."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.scoping import activate_from_session


class ActiveClinicMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            activate_from_session(request.user, request.session)
            clinic = request.user.active_clinic
            if clinic is not None:
                with timezone.override(clinic.time_zone):
                    return self.get_response(request)
        return self.get_response(request)
