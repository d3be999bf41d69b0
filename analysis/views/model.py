"""How the model decides for this clinic: its operating points, what each does, and the choice among them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from accounts.actors import Actor
from accounts.decorators import clinic_page
from accounts.models import Clinic
from accounts.permissions import Right, can, require
from accounts.requests import PersonRequest
from accounts.services.clinics import update_clinic
from analysis.curve_plot import curve_plot
from analysis.forms import OperatingPointForm
from analysis.models import ModelVersion
from analysis.operating_points import decision_of, offered_sensitivities
from analysis.selectors import current_version, model_versions_for


@require_http_methods(["GET", "POST"])
@clinic_page()
def model(request: PersonRequest) -> HttpResponse:
    """Everybody may see how the model decides; a clinic's administrator chooses."""
    if request.method == "POST":
        require(request.user, Right.ADMINISTER)
    clinic = get_object_or_404(Clinic, pk=request.user.active_clinic_id)
    version = current_version()
    form = OperatingPointForm(request.POST or None, clinic=clinic, offered=offered_sensitivities(version))
    if request.method == "POST" and form.is_valid():
        update_clinic(clinic=clinic, by=Actor.of(request), **form.choice)
        messages.success(
            request, "Saved. Analyses asked for from now on use it; earlier results keep theirs."
        )
        return redirect("analysis:model")
    context = {
        "clinic": clinic,
        "form": form,
        "versions": model_versions_for(request.user) if can(request.user, Right.ADMINISTER) else [],
        **_figures(version, clinic, {}),
    }
    return render(request, "analysis/model.html", context)


@require_GET
@clinic_page(Right.ADMINISTER)
def figures(request: PersonRequest) -> HttpResponse:
    """The figures of a choice that is not saved, for the page to put in place; the errors of an impossible one."""
    clinic = get_object_or_404(Clinic, pk=request.user.active_clinic_id)
    version = current_version()
    form = OperatingPointForm(request.GET, clinic=clinic, offered=offered_sensitivities(version))
    if not form.is_valid():
        errors = [error for field_errors in form.errors.values() for error in field_errors]
        return render(request, "analysis/_figures.html", {"errors": errors})
    return render(request, "analysis/_figures.html", _figures(version, clinic, form.choice))


def _figures(version: ModelVersion | None, clinic: Clinic, changes: dict[str, Any]) -> dict[str, Any]:
    saved: dict[str, Any] = {
        "operating_point": clinic.operating_point,
        "wanted_sensitivity": clinic.wanted_sensitivity,
        "prevalence": clinic.prevalence,
    }
    choice = saved | changes
    decision = decision_of(version, **choice) if version else None
    return {
        "version": version,
        "choice": choice,
        "is_saved": choice == saved,
        "decision": decision,
        "plot": curve_plot(decision) if decision else None,
    }
