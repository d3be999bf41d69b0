"""Patients who are nobody: where sound lies that has no patient, or none yet."""

from __future__ import annotations

from typing import NamedTuple

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from recordings.models import Patient
from recordings.services.patients import add_patient


class StandIn(NamedTuple):
    identifier: str
    name: str


DEMO = StandIn("DEMO", "Demo samples")
# A session can be moved to its patient later; a recording under the wrong patient may never be noticed.
UNASSIGNED = StandIn("UNASSIGNED", "No patient chosen yet")


def stand_in_patient(*, by: Actor, who: StandIn) -> Patient:
    """The clinic's patient of that identifier, made when first needed."""
    if by.clinic is None:
        raise HeartSiteError("clinic.none", "Choose a clinic first: a recording belongs to one.", 409)
    wanted = Patient.objects.filter(clinic=by.clinic, identifier__iexact=who.identifier)
    found = wanted.select_related("clinic").first()
    if found:
        return found
    try:
        return add_patient(by=by, identifier=who.identifier, name=who.name)
    except HeartSiteError as error:
        if error.code != "patient.identifier_taken":
            raise
        return wanted.select_related("clinic").get()
