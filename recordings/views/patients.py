"""Finding, adding and correcting patients. The page of one shows results and so lives in `analysis`."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from accounts.actors import Actor
from accounts.decorators import clinic_page
from accounts.errors import HeartSiteError
from accounts.permissions import Right
from accounts.requests import PersonRequest
from accounts.services.audit import record_event
from recordings.forms import PatientForm, PatientSearchForm
from recordings.selectors import get_patient_for, patients_for
from recordings.selectors.patients import with_last_session
from recordings.services.patients import add_patient, update_patient

PER_PAGE = 25


@require_GET
@clinic_page()
def index(request: PersonRequest) -> HttpResponse:
    form = PatientSearchForm(request.GET)
    query = form.cleaned_data["q"] if form.is_valid() else ""
    patients = with_last_session(patients_for(request.user, query).order_by("-created_at", "-pk"))
    page = Paginator(patients, PER_PAGE).get_page(request.GET.get("page"))
    record_event(by=Actor.of(request), action="patients.listed", details={"page": page.number})
    return render(request, "recordings/patients.html", {"form": form, "page": page, "query": query})


@require_http_methods(["GET", "POST"])
@clinic_page(Right.RECORD)
def add(request: PersonRequest) -> HttpResponse:
    form = PatientForm(request.POST or None, initial={"identifier": request.GET.get("identifier", "")[:64]})
    if request.method == "POST" and form.is_valid():
        try:
            patient = add_patient(by=Actor.of(request), **form.details())
        except HeartSiteError as error:
            form.add_error("identifier", error.message)
        else:
            messages.success(request, f"Patient {patient.identifier} is added.")
            return redirect("analysis:patient", patient_id=patient.pk)
    return render(request, "recordings/patient_form.html", {"form": form, "patient": None})


@require_http_methods(["GET", "POST"])
@clinic_page()
def edit(request: PersonRequest, patient_id: UUID) -> HttpResponse:
    patient = get_patient_for(request.user, patient_id, right=Right.RECORD)
    form = PatientForm(request.POST or None, initial=PatientForm.initial_of(patient))
    if request.method == "POST" and form.is_valid():
        try:
            update_patient(patient=patient, by=Actor.of(request), **form.details())
        except HeartSiteError as error:
            form.add_error("identifier", error.message)
        else:
            messages.success(request, "The patient's details are saved.")
            return redirect("analysis:patient", patient_id=patient.pk)
    else:
        record_event(by=Actor.of(request), action="patient.edited", obj=patient)
    return render(request, "recordings/patient_form.html", {"form": form, "patient": patient})
