"""The pages that list recordings beside their results: home, all recordings, one patient."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEvent
from analysis.models import Analysis, ModelVersion
from analysis.selectors import get_visible_result
from analysis.visible_labels import CHOICES, with_visible_label
from recordings.models import Recording
from recordings.selectors import recordings_for
from tests import factories

OUTCOMES = {"normal": 0.1, "abnormal": 0.9, "unsure": 0.5}


@pytest.fixture
def model(db):
    return ModelVersion.objects.create(name="heart", version="1", directory="/none", artefact_sha256="a" * 64)


@pytest.fixture
def as_clinician(client, clinician):
    client.force_login(clinician, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def analysed(clinic, model):
    """analysed("normal", prosthetic_valve=True) is a recording of a new patient, read so."""

    def make(
        label: str, *, recording: Recording | None = None, is_shadow: bool = False, **patient
    ) -> Recording:
        recording = recording or factories.make_recording(
            factories.make_session(clinic, factories.make_patient(clinic, **patient))
        )
        done = {"status": "done", "probability_abnormal": OUTCOMES.get(label), "label": label}
        Analysis.objects.create(
            clinic=clinic,
            recording=recording,
            model_version=model,
            is_shadow=is_shadow,
            unsure_reason="borderline" if label == "unsure" else "",
            **(done if label in OUTCOMES else {"status": label}),
        )
        return recording

    return make


def years_before(day: date, years: int, days: int = 0) -> date:
    return day.replace(year=day.year - years) + timedelta(days=days)


def test_the_filter_agrees_with_what_each_row_would_show(clinician, clinic, analysed):
    """Held together with analysis.scope, at the edges of age too: a filter must not let a hidden reading out."""
    # The rule counts in UTC days, whatever the clinic's zone.
    today = datetime.now(UTC).date()
    told = {"age_recorded_on": today - timedelta(days=70)}
    for label in OUTCOMES:
        analysed(label)
        analysed(label, prosthetic_valve=True)
        analysed(label, born_on=years_before(today, 18))
        analysed(label, born_on=years_before(today, 18, days=1))
        analysed(label, born_on=years_before(today, 50))
        analysed(label, age_months=18 * 12 - 2, **told)
        analysed(label, age_months=18 * 12 - 3, **told)
        analysed(label, age_months=18 * 12 - 1, age_recorded_on=today + timedelta(days=3))
    for status in ("queued", "running", "failed"):
        analysed(status)
    factories.make_recording(factories.make_session(clinic))
    seen = {
        label: {each.pk for each in with_visible_label(recordings_for(clinician), label)}
        for label, _ in CHOICES
    }
    for recording in recordings_for(clinician):
        result = get_visible_result(clinician, recording)
        if result is None:
            expected = "none"
        elif result.is_pending:
            expected = "pending"
        else:
            expected = result.label or "failed"
        found = {label for label, rows in seen.items() if recording.pk in rows}
        assert found == {expected}, recording.session.patient.__dict__


def test_the_newest_analysis_counts_and_a_shadow_never(clinician, analysed):
    recording = analysed("normal")
    analysed("abnormal", recording=recording)
    analysed("unsure", recording=recording, is_shadow=True)
    assert with_visible_label(recordings_for(clinician), "abnormal").count() == 1
    assert with_visible_label(recordings_for(clinician), "unsure").count() == 0


def test_a_childs_reading_shows_as_out_of_scope_only(as_clinician, analysed):
    recording = analysed("abnormal", born_on=timezone.localdate() - timedelta(days=3000))
    for path in ("/", "/recordings/", f"/patients/{recording.session.patient_id}/"):
        page = as_clinician.get(path).content.decode()
        assert "out of scope" in page, path
        assert "badge--abnormal" not in page, path


def test_a_patients_page_groups_takes_by_session(as_clinician, clinic):
    patient = factories.make_patient(clinic)
    older, newer = (factories.make_session(clinic, patient) for _ in range(2))
    for session in (older, newer, newer):
        factories.make_recording(session)
    shown = as_clinician.get(f"/patients/{patient.pk}/").context["sessions"]
    assert [(session.pk, [row[0].take for row in takes]) for session, takes in shown] == [
        (newer.pk, [1, 2]),
        (older.pk, [1]),
    ]


@pytest.mark.parametrize(
    ("query", "takes"),
    [
        ("site=mitral", {1}),
        ("source=upload", {2}),
        ("status=partial", {3}),
        ("site=mitral&source=upload", set()),
        ("since=2020-01-01&until=2020-12-31", set()),
        ("site=elbow", {1, 2, 3}),
    ],
)
def test_a_patients_takes_are_filtered(as_clinician, clinic, query, takes):
    session = factories.make_session(clinic)
    factories.make_recording(session, site="mitral")
    factories.make_recording(session, source=Recording.Source.UPLOAD)
    factories.make_recording(session, status=Recording.Status.PARTIAL)
    page = as_clinician.get(f"/patients/{session.patient_id}/?{query}")
    assert {row[0].take for _, rows in page.context["sessions"] for row in rows} == takes
    assert ("No take matches" in page.content.decode()) == (not takes)


def test_days_are_those_of_the_clinics_zone(as_clinician, clinic):
    clinic.time_zone = "Asia/Tokyo"
    clinic.save()
    recording = factories.make_recording(factories.make_session(clinic))
    Recording.objects.filter(pk=recording.pk).update(created_at=datetime(2026, 11, 21, 16, tzinfo=UTC))
    for day, found in (("2026-11-21", 0), ("2026-11-22", 1)):
        page = as_clinician.get(f"/recordings/?since={day}&until={day}")
        assert page.context["page"].paginator.count == found, day


def test_recordings_are_paged_and_a_page_beyond_the_last_is_the_last(as_clinician, clinic):
    session = factories.make_session(clinic)
    for _ in range(27):
        factories.make_recording(session)
    assert len(as_clinician.get("/recordings/").context["rows"]) == 25
    assert len(as_clinician.get("/recordings/?page=99").context["rows"]) == 2


@pytest.mark.parametrize("path", ["/", "/recordings/", "/patients/{patient}/"])
def test_more_rows_do_not_mean_more_queries(as_clinician, clinic, analysed, django_assert_num_queries, path):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    patient = factories.make_patient(clinic)

    def add(n_sessions: int) -> None:
        for _ in range(n_sessions):
            session = factories.make_session(clinic, patient)
            for _ in range(3):
                analysed("normal", recording=factories.make_recording(session))

    address = path.format(patient=patient.pk)
    add(1)
    as_clinician.get(address)
    with CaptureQueriesContext(connection) as few:
        as_clinician.get(address)
    add(3)
    with django_assert_num_queries(len(few)):
        as_clinician.get(address)
    assert len(few) <= 16


def test_each_look_is_one_event_and_names_no_patient(as_clinician, clinic):
    session = factories.make_session(clinic, factories.make_patient(clinic, name="Secret Name"))
    for _ in range(3):
        factories.make_recording(session)
    for path in ("/", "/recordings/", f"/patients/{session.patient_id}/", "/patients/", "/sessions/"):
        before = AuditEvent.objects.count()
        as_clinician.get(path)
        assert AuditEvent.objects.count() == before + 1, path
    assert "Secret" not in str(list(AuditEvent.objects.values_list("details", flat=True)))


def test_empty_pages_say_what_to_do(as_clinician, clinic):
    patient = factories.make_patient(clinic)
    assert "No recordings yet" in as_clinician.get("/").content.decode()
    assert "No recordings yet" in as_clinician.get("/recordings/").content.decode()
    assert "No sessions yet" in as_clinician.get(f"/patients/{patient.pk}/").content.decode()
    assert "No recording matches" in as_clinician.get("/recordings/?label=normal").content.decode()


def test_a_reviewer_sees_no_button_that_would_refuse_them(client, reviewer, clinic):
    client.force_login(reviewer, backend="allauth.account.auth_backends.AuthenticationBackend")
    session = factories.make_session(clinic)
    factories.make_recording(session)
    page = client.get(f"/patients/{session.patient_id}/").content.decode()
    for word in ("New session", "Upload", "Delete", "Wrong patient?", "Edit details"):
        assert f">{word}<" not in page, word
