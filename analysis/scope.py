"""Whom the model was made for. Outside that, its reading is Unsure whatever the number says."""

from __future__ import annotations

from recordings.models import Recording
from recordings.models.patient import ADULT_YEARS


def scope_objection(recording: Recording) -> str:
    """Why the model has nothing to say of this recording's patient; empty when it may speak.

    The training recordings hold few children and no prosthetic valves (docs/model-card.md).
    """
    patient = recording.session.patient
    if patient.prosthetic_valve:
        return "The patient has a prosthetic valve; the model has never heard one."
    months = patient.age_in_months(on=recording.created_at.date())
    if months is not None and months < ADULT_YEARS * 12:
        return f"The patient was under {ADULT_YEARS}; the model was trained on adults."
    return ""
