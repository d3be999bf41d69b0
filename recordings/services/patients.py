"""Adding a patient and correcting what is known of one."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from accounts.permissions import Right, authorise
from accounts.services.audit import record_event
from recordings.models import Patient

EDITABLE = frozenset(
    {
        "identifier",
        "name",
        "born_on",
        "age_months",
        "sex",
        "prosthetic_valve",
        "pacemaker",
        "pregnant",
        "indication",
    }
)


def add_patient(
    *,
    by: Actor,
    identifier: str,
    name: str = "",
    born_on: date | None = None,
    age_months: int | None = None,
    sex: str = "",
    prosthetic_valve: bool = False,
    pacemaker: bool = False,
    pregnant: bool = False,
    indication: str = "",
) -> Patient:
    """A new patient of the actor's clinic. Raises `patient.identifier_taken` (409) and `patient.invalid`."""
    if by.clinic is None:
        raise HeartSiteError("clinic.none", "Choose a clinic first: a patient belongs to one.", 409)
    authorise(by=by, right=Right.RECORD, clinic=by.clinic)
    patient = Patient(
        clinic=by.clinic,
        identifier=identifier.strip(),
        name=name.strip(),
        born_on=born_on,
        age_months=age_months,
        sex=sex,
        prosthetic_valve=prosthetic_valve,
        pacemaker=pacemaker,
        pregnant=pregnant,
        indication=indication.strip(),
    )
    _date_the_age(patient)
    with transaction.atomic():
        _save(patient)
        record_event(by=by, action="patient.added", obj=patient)
    return patient


def update_patient(*, patient: Patient, by: Actor, **changes: Any) -> Patient:
    """Change the named fields; the audit event lists their names, not their values."""
    unknown = changes.keys() - EDITABLE
    if unknown:
        raise TypeError(f"A patient's {', '.join(sorted(unknown))} cannot be set this way.")
    authorise(by=by, right=Right.RECORD, clinic=patient.clinic)
    changed = sorted(field for field, value in changes.items() if getattr(patient, field) != value)
    if not changed:
        return patient
    for field in changed:
        setattr(patient, field, changes[field])
    if {"age_months", "born_on"} & set(changed):
        _date_the_age(patient)
    with transaction.atomic():
        _save(patient)
        record_event(by=by, action="patient.changed", obj=patient, details={"fields": changed})
    return patient


def _date_the_age(patient: Patient) -> None:
    """An age is true on the day it was told. A date of birth makes it superfluous."""
    if patient.born_on:
        patient.age_months = None
    patient.age_recorded_on = timezone.localdate() if patient.age_months is not None else None


def _save(patient: Patient) -> None:
    try:
        patient.clean_fields()
        with transaction.atomic():
            patient.save()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise HeartSiteError(
            "patient.invalid", f"{field.replace('_', ' ').capitalize()}: {messages[0]}"
        ) from error
    except IntegrityError as error:
        raise HeartSiteError(
            "patient.identifier_taken",
            "Your clinic already has a patient with this identifier. Open that one, or use another.",
            409,
        ) from error
