"""People and rows for tests. `make_user` returns a user who is already in their clinic."""

from __future__ import annotations

import itertools
from datetime import timedelta

from django.utils import timezone

from accounts.models import Clinic, Membership, Role, User
from accounts.scoping import activate
from analysis.models import Analysis, ModelVersion
from recordings.models import Consent, Patient, Recording, RecordingSession

PASSWORD = "correct horse battery"
_numbers = itertools.count(1)


def make_clinic(**fields) -> Clinic:
    return Clinic.objects.create(**{"name": f"Clinic {next(_numbers)}", **fields})


def make_user(clinic: Clinic | None = None, role: str = Role.CLINICIAN, **fields) -> User:
    email = fields.pop("email", f"person{next(_numbers)}@example.org")
    user = User.objects.create_user(email, PASSWORD, **fields)
    if clinic is not None:
        activate(user, Membership.objects.create(user=user, clinic=clinic, role=role))
    return user


def make_patient(clinic: Clinic, **fields) -> Patient:
    return Patient.objects.create(clinic=clinic, **{"identifier": f"P-{next(_numbers):04d}", **fields})


def make_session(clinic: Clinic, patient: Patient | None = None, **fields) -> RecordingSession:
    return RecordingSession.objects.create(clinic=clinic, patient=patient or make_patient(clinic), **fields)


def make_consent(session: RecordingSession, **fields) -> Consent:
    defaults = {"giver": Consent.Giver.PATIENT, "wording_version": "2026-11"}
    return Consent.objects.create(
        clinic=session.clinic, patient=session.patient, session=session, **{**defaults, **fields}
    )


def make_recording(session: RecordingSession, **fields) -> Recording:
    """A stored take without a file behind it: enough for lists and permissions."""
    defaults = {
        "take": session.recordings.count() + 1,
        "source": Recording.Source.PHONE,
        "status": Recording.Status.STORED,
        "audio": f"recordings/{session.clinic_id}/none.flac",
        "n_samples": 8000 * 15,
        "stored_at": timezone.now(),
        "started_at": timezone.now() - timedelta(seconds=15),
    }
    return Recording.objects.create(clinic=session.clinic, session=session, **{**defaults, **fields})


def make_done(recording: Recording, model: ModelVersion, **fields) -> Analysis:
    """A finished analysis that called the recording abnormal."""
    defaults = {
        "status": "done",
        "label": "abnormal",
        "probability_abnormal": 0.8,
        "threshold": 0.4,
        "band_low": 0.3,
        "band_high": 0.55,
        "quality_usable": True,
        "quality_score": 0.9,
        "heart_rate_bpm": 72,
        "s1_times_s": [0.5, 1.3],
        "finished_at": timezone.now(),
    }
    return Analysis.objects.create(
        clinic=recording.clinic, recording=recording, model_version=model, **{**defaults, **fields}
    )
