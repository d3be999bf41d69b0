"""Adding, finding and correcting patients, by service and by page."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from accounts.models import AuditEvent
from recordings.models import Patient
from recordings.selectors import patients_for
from recordings.services.patients import add_patient, update_patient
from tests import factories

FORM = {"identifier": "P-7", "name": "Eva Long", "age_years": "63", "sex": "F", "indication": "Murmur"}


@pytest.fixture
def by(clinician):
    return Actor.of_user(clinician)


@pytest.fixture
def as_clinician(client, clinician):
    client.force_login(clinician, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def test_an_identifier_is_taken_whatever_its_case_but_only_in_its_clinic(by, stranger):
    add_patient(by=by, identifier="P-1a")
    with pytest.raises(HeartSiteError, match=r"patient\.identifier_taken"):
        add_patient(by=by, identifier=" p-1A ")
    add_patient(by=Actor.of_user(stranger), identifier="P-1a")


def test_an_age_keeps_the_day_it_was_told_on(by):
    patient = add_patient(by=by, identifier="P-1", age_months=17)
    assert patient.age_recorded_on == timezone.localdate()
    assert patient.age_text == "17 months"


def test_a_date_of_birth_replaces_an_age(by):
    patient = add_patient(by=by, identifier="P-1", age_months=700)
    update_patient(patient=patient, by=by, born_on=date(1990, 5, 1))
    patient.refresh_from_db()
    assert (patient.age_months, patient.age_recorded_on) == (None, None)


def test_a_change_names_its_fields_and_no_values(by):
    patient = add_patient(by=by, identifier="P-1", name="Before")
    update_patient(patient=patient, by=by, name="After", pacemaker=True, sex="")
    event = AuditEvent.objects.get(action="patient.changed")
    assert event.details == {"fields": ["name", "pacemaker"]}


def test_changing_nothing_leaves_no_event(by):
    patient = add_patient(by=by, identifier="P-1")
    update_patient(patient=patient, by=by, identifier="P-1")
    assert not AuditEvent.objects.filter(action="patient.changed").exists()


def test_a_refused_patient_leaves_no_event(by):
    with pytest.raises(HeartSiteError, match=r"patient\.invalid"):
        add_patient(by=by, identifier="", name="Nobody")
    assert not AuditEvent.objects.filter(action="patient.added").exists()


def test_a_clinic_or_an_id_cannot_be_set_in_passing(by):
    patient = add_patient(by=by, identifier="P-1")
    with pytest.raises(TypeError):
        update_patient(patient=patient, by=by, clinic=factories.make_clinic())


def test_a_reviewer_adds_nobody_and_a_stranger_changes_nobody(by, reviewer, stranger):
    with pytest.raises(PermissionDenied):
        add_patient(by=Actor.of_user(reviewer), identifier="P-1")
    patient = add_patient(by=by, identifier="P-1")
    with pytest.raises(PermissionDenied):
        update_patient(patient=patient, by=Actor.of_user(stranger), name="Mine")


@pytest.mark.parametrize(("query", "found"), [("long", 2), ("eva p-7", 1), ("P-", 3), ("nobody", 0)])
def test_every_word_must_be_found_in_identifier_or_name(by, clinician, stranger, query, found):
    add_patient(by=by, identifier="P-7", name="Eva Long")
    add_patient(by=by, identifier="P-8", name="Per Long")
    add_patient(by=by, identifier="P-9")
    add_patient(by=Actor.of_user(stranger), identifier="P-70", name="Eva Long")
    assert patients_for(clinician, query).count() == found


def test_the_page_adds_a_patient_and_shows_them(as_clinician):
    page = as_clinician.post("/patients/add/", FORM, follow=True)
    patient = Patient.objects.get(identifier="P-7")
    assert page.redirect_chain[-1][0] == f"/patients/{patient.pk}/"
    assert "Female, 63" in page.content.decode()
    assert patient.age_months == 63 * 12


def test_a_taken_identifier_is_said_beside_its_field(as_clinician, clinic):
    factories.make_patient(clinic, identifier="P-7")
    page = as_clinician.post("/patients/add/", FORM)
    assert "already has a patient with this identifier" in page.context["form"].errors["identifier"][0]
    assert 'value="Eva Long"' in page.content.decode(), "what was typed is still there"


@pytest.mark.parametrize("born_on", ["2126-01-01", "1776-07-04", "yesterday"])
def test_impossible_dates_of_birth_are_refused(as_clinician, born_on):
    page = as_clinician.post("/patients/add/", {**FORM, "born_on": born_on})
    assert "born_on" in page.context["form"].errors


def test_editing_something_else_leaves_the_age_and_its_day(as_clinician, clinic):
    told_on = date(2024, 1, 15)
    patient = factories.make_patient(clinic, identifier="P-7", age_months=600, age_recorded_on=told_on)
    form = as_clinician.get(f"/patients/{patient.pk}/edit/").context["form"]
    shown = {name: form[name].value() for name in form.fields}
    sent = {name: value for name, value in shown.items() if value not in (None, False)}
    as_clinician.post(f"/patients/{patient.pk}/edit/", {**sent, "name": "Newly Named"})
    patient.refresh_from_db()
    assert patient.name == "Newly Named"
    assert (patient.age_months, patient.age_recorded_on) == (600, told_on)


def test_an_age_can_be_taken_back(as_clinician, clinic):
    patient = factories.make_patient(
        clinic, identifier="P-7", age_months=600, age_recorded_on=timezone.localdate()
    )
    as_clinician.post(f"/patients/{patient.pk}/edit/", {"identifier": "P-7"})
    patient.refresh_from_db()
    assert patient.age_months is None


def test_the_list_pages_and_counts_sessions(as_clinician, clinic, django_assert_max_num_queries):
    for _ in range(30):
        factories.make_session(clinic)
    with django_assert_max_num_queries(12):
        page = as_clinician.get("/patients/")
    assert len(page.context["page"].object_list) == 25
    assert all(patient.n_sessions == 1 for patient in page.context["page"].object_list)
    assert len(as_clinician.get("/patients/?page=2").context["page"].object_list) == 5


def test_a_search_that_finds_nobody_offers_to_add_them(as_clinician):
    page = as_clinician.get("/patients/", {"q": "P-404"}).content.decode()
    assert "No patient matches" in page
    assert "/patients/add/?identifier=P-404" in page


def test_a_name_with_markup_stays_text(as_clinician, clinic):
    patient = factories.make_patient(clinic, name="<script>alert(1)</script>")
    for path in ("/patients/", f"/patients/{patient.pk}/", f"/patients/{patient.pk}/edit/"):
        page = as_clinician.get(path).content.decode()
        assert "<script>alert" not in page, path
