"""Reads of patient data. Each takes the user: Http404 to a stranger, PermissionDenied without the right."""

from recordings.selectors.consents import consents_for, get_consent_for
from recordings.selectors.patients import get_patient_for, patients_for
from recordings.selectors.recordings import RecordingFilters, get_recording_for, recordings_for
from recordings.selectors.sessions import get_session_for, sessions_for

__all__ = [
    "RecordingFilters",
    "consents_for",
    "get_consent_for",
    "get_patient_for",
    "get_recording_for",
    "get_session_for",
    "patients_for",
    "recordings_for",
    "sessions_for",
]
