"""The form around an uploaded file; the file itself is judged by the service."""

from __future__ import annotations

import uuid

from django import forms

from accounts.errors import HeartSiteError
from accounts.models import User
from accounts.permissions import Right
from recordings import attestation
from recordings.forms import UNSET_POSTURE, UNSET_SITE
from recordings.models import Patient
from recordings.selectors import patients_for


class UploadForm(forms.Form):
    patient = forms.CharField(label="Patient", max_length=64, required=False)
    site = forms.ChoiceField(label="Site", choices=UNSET_SITE, required=False)
    posture = forms.ChoiceField(label="Posture", choices=UNSET_POSTURE, required=False)
    consent = forms.BooleanField(label=attestation.WORDING, required=False)
    # Chosen by the page, so that sending twice stores once.
    recording = forms.UUIDField(required=False, initial=uuid.uuid4, widget=forms.HiddenInput)


def named_patient(user: User, identifier: str) -> Patient | None:
    """The patient of that identifier; None for an empty one. Raises `upload.unknown_patient`."""
    identifier = identifier.strip()
    if not identifier:
        return None
    found = patients_for(user, right=Right.RECORD).filter(identifier__iexact=identifier).first()
    if found is None:
        raise HeartSiteError(
            "upload.unknown_patient",
            "No patient of this clinic has that identifier. "
            "Choose one from the list, or add the patient first.",
        )
    return found
