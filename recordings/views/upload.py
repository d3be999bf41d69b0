"""The upload page: a file for a session, a patient, or nobody yet; and the demo samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actors import Actor
from accounts.decorators import clinic_page
from accounts.errors import HeartSiteError
from accounts.permissions import Right
from accounts.requests import PersonRequest
from recordings import decode
from recordings.demo import demo_samples
from recordings.models import Patient, RecordingSession
from recordings.refusals import refuse
from recordings.selectors import get_patient_for, get_session_for, patients_for
from recordings.services.stand_ins import UNASSIGNED, stand_in_patient
from recordings.services.uploads import store_demo_sample, store_upload
from recordings.upload_form import UploadForm, named_patient
from recordings.validation import ACCEPT

LISTED_PATIENTS = 200


@dataclass(frozen=True)
class _For:
    """Whose recording it is, as far as the address says (?session= or ?patient=)."""

    session: RecordingSession | None
    patient: Patient | None

    @classmethod
    def of(cls, request: PersonRequest) -> _For:
        if session_id := request.GET.get("session"):
            session = get_session_for(request.user, _uuid(session_id), right=Right.RECORD)
            # An ended session takes nothing more; its patient still does.
            return cls(session if session.is_open else None, session.patient)
        if patient_id := request.GET.get("patient"):
            return cls(None, get_patient_for(request.user, _uuid(patient_id), right=Right.RECORD))
        return cls(None, None)


@never_cache
@require_http_methods(["GET", "POST"])
@clinic_page(Right.RECORD)
def upload(request: PersonRequest) -> HttpResponse:
    whose = _For.of(request)
    if request.method == "GET":
        decode.warm_up()
        return _page(request, whose, UploadForm(initial=_initial(whose)))
    form = UploadForm(request.POST)
    try:
        recording = _store(request, whose, form)
    except HeartSiteError as error:
        if "application/json" in request.headers.get("Accept", ""):
            raise
        return _page(request, whose, form, error)
    address = reverse("analysis:recording", args=[recording.pk])
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"recording": str(recording.pk), "url": address}, status=201)
    return redirect(address)


@require_POST
@clinic_page(Right.RECORD)
def demo(request: PersonRequest) -> HttpResponse:
    recording = store_demo_sample(record=request.POST.get("record", ""), by=Actor.of(request))
    return redirect("analysis:recording", recording_id=recording.pk)


def _store(request: PersonRequest, whose: _For, form: UploadForm):
    if not form.is_valid():
        raise HeartSiteError(
            "upload.form", "Site, posture or number of this upload cannot be right. Reload the page."
        )
    if (file := request.FILES.get("file")) is None:
        raise refuse("upload.missing")
    by, given = Actor.of(request), form.cleaned_data
    patient = whose.patient or named_patient(request.user, given["patient"])
    return store_upload(
        file=file,
        by=by,
        consent_attested=given["consent"],
        session=whose.session,
        patient=patient or stand_in_patient(by=by, who=UNASSIGNED),
        site=given["site"],
        posture=given["posture"],
        recording_id=given["recording"],
    )


def _page(
    request: PersonRequest, whose: _For, form: UploadForm, error: HeartSiteError | None = None
) -> HttpResponse:
    listed = [] if whose.patient else patients_for(request.user, right=Right.RECORD)[:LISTED_PATIENTS]
    context: dict[str, Any] = {
        "form": form,
        "session": whose.session,
        "patient": whose.patient,
        "patients": listed,
        "unassigned": UNASSIGNED.identifier,
        "samples": demo_samples(),
        "accept": ACCEPT,
        "max_mb": settings.MAX_UPLOAD_BYTES // (1024 * 1024),
        "error": error,
    }
    return render(request, "recordings/upload.html", context, status=error.http_status if error else 200)


def _initial(whose: _For) -> dict[str, str]:
    if whose.session is None:
        return {}
    return {"site": whose.session.site, "posture": whose.session.posture}


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Http404 from error
