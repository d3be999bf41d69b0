"""The demo clinic and its four people."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.db import transaction

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from accounts.models import Clinic, Membership, Role, User
from accounts.scoping import activate
from accounts.services.audit import record_event


@dataclass(frozen=True)
class DemoPerson:
    email: str
    full_name: str
    role: str
    is_staff: bool = False
    is_superuser: bool = False


PEOPLE = (
    DemoPerson("clinician@heartsite.example", "Dr. Ines Marchetti", Role.CLINICIAN),
    DemoPerson("reviewer@heartsite.example", "Dr. Tomas Havel", Role.REVIEWER),
    DemoPerson("admin@heartsite.example", "Noor Haddad", Role.ADMIN, is_staff=True),
    DemoPerson(
        "superuser@heartsite.example", "Site Administrator", Role.ADMIN, is_staff=True, is_superuser=True
    ),
)


def require_no_real_clinic() -> None:
    """Well-known e-mail addresses with rights have no place beside real patients. Raises `demo.real_clinic`."""
    if Clinic.objects.filter(is_demo=False).exists():
        raise HeartSiteError(
            "demo.real_clinic", "A real clinic lives in this database, so no demo is put beside it."
        )


@transaction.atomic
def seed_clinic() -> tuple[Clinic, list[tuple[str, str]]]:
    """The demo clinic, made if need be, and (e-mail, password) of its people; every call makes new passwords."""
    seeded = Clinic.objects.filter(is_demo=True).order_by("created_at").first()
    clinic = seeded or Clinic.objects.create(name="Demo clinic", is_demo=True)
    logins = []
    for person in PEOPLE:
        password = secrets.token_urlsafe(12)
        user = User.objects.filter(email__iexact=person.email).first() or User(email=person.email)
        user.full_name = user.full_name or person.full_name
        user.is_active, user.is_staff, user.is_superuser = True, person.is_staff, person.is_superuser
        user.set_password(password)
        user.save()
        Membership.objects.update_or_create(
            user=user, clinic=clinic, defaults={"role": person.role, "is_active": True}
        )
        logins.append((person.email, password))
    record_event(
        by=Actor.system(), action="demo.passwords_renewed" if seeded else "demo.seeded", clinic=clinic
    )
    return clinic, logins


def clinician_of(clinic: Clinic) -> Actor:
    """The demo clinician at work, who opens the sessions."""
    membership = clinic.memberships.select_related("user", "clinic").get(user__email=PEOPLE[0].email)
    activate(membership.user, membership)
    return Actor.of_user(membership.user)
