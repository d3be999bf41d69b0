"""Changing to another of one's clinics, and the settings of the active one."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actors import Actor
from accounts.decorators import clinic_page
from accounts.forms import ClinicForm
from accounts.models import Clinic
from accounts.permissions import Right
from accounts.requests import PersonRequest
from accounts.services.clinics import switch_clinic, update_clinic


@require_POST
@login_required
def switch(request: PersonRequest) -> HttpResponse:
    """To the front page: what was open belongs to the clinic one came from."""
    clinic_id = request.POST.get("clinic", "")
    try:
        membership = switch_clinic(clinic_id=clinic_id, session=request.session, by=Actor.of(request))
    except ValidationError as error:
        raise Http404 from error
    messages.info(request, f"You are now working in {membership.clinic}.")
    return redirect("/")


@require_http_methods(["GET", "POST"])
@clinic_page(Right.ADMINISTER)
def settings(request: PersonRequest) -> HttpResponse:
    clinic = get_object_or_404(Clinic, pk=request.user.active_clinic_id)
    form = ClinicForm(request.POST or None, instance=clinic)
    if request.method == "POST" and form.is_valid():
        update_clinic(clinic=clinic, by=Actor.of(request), **form.cleaned_data)
        messages.success(request, "The clinic's settings are saved.")
        return redirect("accounts:clinic_settings")
    return render(request, "accounts/clinic_settings.html", {"form": form})
