"""The trail itself: append-only, filtered, exported, walled by clinic."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.actors import Actor
from accounts.models import AuditEvent
from accounts.selectors import AuditFilters, audit_events_for
from accounts.services.audit import record_event
from tests import factories


def test_an_event_is_neither_changed_nor_deleted(clinician):
    event = record_event(by=Actor.of_user(clinician), action="x")
    with pytest.raises(TypeError):
        event.save()
    with pytest.raises(TypeError):
        event.delete()


def test_an_event_outlives_what_it_speaks_of(administrator, clinic):
    patient = factories.make_patient(clinic)
    record_event(by=Actor.of_user(administrator), action="patient.viewed", obj=patient)
    patient_id = str(patient.pk)
    patient.delete()
    assert audit_events_for(administrator, AuditFilters(target=patient_id)).get().action == "patient.viewed"


def test_filters_narrow_by_person_action_object_and_day(administrator, clinician, clinic):
    patient = factories.make_patient(clinic)
    record_event(by=Actor.of_user(clinician), action="patient.viewed", obj=patient)
    record_event(by=Actor.of_user(administrator), action="patients.listed")
    old = record_event(by=Actor.of_user(clinician), action="patient.viewed", obj=patient)
    AuditEvent.objects.filter(pk=old.pk).update(at=timezone.now() - timedelta(days=9))
    yesterday = timezone.now() - timedelta(days=1)
    expected = [
        (AuditFilters(actor_id=str(clinician.public_id)), 2),
        (AuditFilters(action="patients.listed"), 1),
        (AuditFilters(target="patient"), 2),
        (AuditFilters(since=yesterday), 2),
        (AuditFilters(until=yesterday), 1),
    ]
    assert [audit_events_for(administrator, asked).count() for asked, _ in expected] == [
        n for _, n in expected
    ]


def test_the_page_shows_names_and_is_itself_on_the_trail(browse, administrator, clinician):
    record_event(by=Actor.of_user(clinician), action="patients.listed")
    page = browse(administrator).get("/accounts/audit/").content.decode()
    assert "Ana Ruiz" in page
    assert "patients.listed" in page
    assert AuditEvent.objects.filter(action="audit.listed").count() == 1


def test_another_clinics_events_are_not_shown(browse, administrator, stranger):
    record_event(by=Actor.of_user(stranger), action="secret.deed")
    client = browse(administrator)
    assert "secret.deed" not in client.get("/accounts/audit/").content.decode()
    exported = b"".join(client.get("/accounts/audit/export/").streaming_content).decode()
    assert "secret.deed" not in exported


def test_the_export_holds_what_the_filter_lets_through_and_is_audited(browse, administrator, clinician):
    record_event(by=Actor.of_user(clinician), action="patients.listed", details={"page": 3})
    record_event(by=Actor.of_user(clinician), action="home.viewed")
    response = browse(administrator).get("/accounts/audit/export/?action=patients.listed")
    rows = list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))
    assert [row["action"] for row in rows] == ["patients.listed"]
    assert rows[0]["details"] == '{"page": 3}'
    assert AuditEvent.objects.get(action="audit.exported").details == {"events": 1}


def test_a_bad_date_shows_its_error_and_filters_nothing(browse, administrator):
    page = browse(administrator).get("/accounts/audit/?since=yesterday")
    assert page.status_code == 200
    assert "Enter a valid date" in page.content.decode()


def test_the_look_at_the_trail_pushes_no_event_off_it(browse, administrator):
    client = browse(administrator)
    oldest = AuditEvent.objects.order_by("at").first()
    shown = list(client.get("/accounts/audit/").context["page"].object_list)
    assert shown[-1] == oldest
    assert AuditEvent.objects.filter(action="audit.listed").count() == 1
