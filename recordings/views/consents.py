"""Withdrawing a consent: a page that says what follows, then the deed."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_http_methods

from accounts.actors import Actor
from accounts.decorators import clinic_page
from accounts.permissions import Right
from accounts.requests import PersonRequest
from accounts.services.audit import record_event
from recordings.forms import WithdrawForm
from recordings.models import Consent
from recordings.selectors import RecordingFilters, get_consent_for, recordings_for
from recordings.services.consents import Purpose, Withdrawal, withdraw_consent
from recordings.services.deletion import UNDO_WINDOW


@require_http_methods(["GET", "POST"])
@clinic_page()
def withdraw(request: PersonRequest, consent_id: UUID) -> HttpResponse:
    consent = get_consent_for(request.user, consent_id, right=Right.DELETE)
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        purpose = Purpose(form.cleaned_data["purpose"])
        done = withdraw_consent(consent=consent, by=Actor.of(request), purpose=purpose)
        messages.success(request, _said(request, purpose, done))
        return redirect("analysis:patient", patient_id=consent.patient_id)
    if request.method == "GET":
        record_event(by=Actor.of(request), action="consent.withdrawal_opened", obj=consent)
    status = 400 if request.method == "POST" else 200
    return render(request, "recordings/consent_withdraw.html", _context(request, consent), status=status)


def _context(request: PersonRequest, consent: Consent) -> dict:
    takes = recordings_for(request.user, RecordingFilters(session=consent.session))
    return {"consent": consent, "n_takes": takes.count(), "undo_days": UNDO_WINDOW.days}


def _said(request: PersonRequest, purpose: Purpose, done: Withdrawal) -> str:
    if purpose == Purpose.RESEARCH:
        return "The consent to research is withdrawn. The takes stay for the patient's care."
    return render_to_string("recordings/_withdrawn_message.html", {"done": done}, request)
