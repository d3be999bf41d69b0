"""`seed_demo`: what it prints, what it makes, and when it refuses."""

from __future__ import annotations

import io
import re

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Clinic, Membership, Role, User
from analysis.models import Analysis
from heartsite.demo import clinic as demo_clinic
from heartsite.demo import scale
from recordings.models import Patient, Recording, RecordingSession
from tests import factories


@pytest.fixture
def seed(db, settings, tmp_path, monkeypatch):
    """Runs the command without decoding the samples; returns the lines it printed."""
    settings.MEDIA_ROOT = tmp_path
    settings.MODEL_DIR = tmp_path / "no model"

    def store(*, record, by, session):
        return factories.make_recording(session, source=Recording.Source.DEMO)

    monkeypatch.setattr("heartsite.demo.patients.store_demo_sample", store)

    def run(**options) -> list[str]:
        printed = io.StringIO()
        call_command("seed_demo", stdout=printed, stderr=io.StringIO(), **options)
        return printed.getvalue().splitlines()

    return run


def test_it_prints_four_logins_that_work_and_nothing_else(seed):
    lines = seed()
    assert len(lines) == 4
    for line in lines:
        assert re.fullmatch(r"\S+@\S+ \S{12,}", line)
        email, password = line.split()
        assert User.objects.get(email=email).check_password(password)
    assert sorted(Membership.objects.values_list("role", flat=True)) == [
        "admin",
        "admin",
        "clinician",
        "reviewer",
    ]
    assert User.objects.filter(is_superuser=True).count() == 1


def test_a_second_call_gives_new_passwords_and_no_new_rows(seed):
    first = seed()
    counts = [model.objects.count() for model in (Clinic, User, Patient, RecordingSession, Recording)]
    second = seed()
    assert [model.objects.count() for model in (Clinic, User, Patient, RecordingSession, Recording)] == counts
    assert not {line.split()[1] for line in first} & {line.split()[1] for line in second}


def test_it_refuses_beside_a_real_clinic(seed):
    factories.make_clinic(name="Real patients")
    with pytest.raises(CommandError, match="real clinic"):
        seed()
    assert not User.objects.exists()


def test_every_demo_sample_lies_in_an_ended_session_of_the_demo_clinic(seed):
    from recordings.demo import demo_samples

    seed()
    assert Clinic.objects.get().is_demo
    assert Recording.objects.count() == len(demo_samples())
    assert not RecordingSession.objects.filter(ended_at=None).exists()
    assert not Analysis.objects.exists(), "without a model nothing pretends to be a result"


def test_the_demo_clinician_may_do_what_a_clinician_may(seed):
    seed()
    assert demo_clinic.clinician_of(Clinic.objects.get()).user.active_role == Role.CLINICIAN


def test_scale_makes_rows_spread_over_time_and_marked_as_seeded(seed, monkeypatch):
    monkeypatch.setattr(scale, "PATIENTS", 4)
    monkeypatch.setattr(scale, "SESSIONS_PER_PATIENT", 3)
    seed(scale=True)
    seeded = Recording.objects.filter(audio__startswith="seeded/")
    assert seeded.count() == 4 * 3 * scale.TAKES_PER_SESSION
    assert seeded.exclude(source=Recording.Source.DEMO).count() == seeded.count()
    days = {day.date() for day in seeded.values_list("created_at", flat=True)}
    assert len(days) > 3
    for analysis in Analysis.objects.select_related("recording", "model_version"):
        assert analysis.model_version.name == "seeded-rows"
        assert analysis.created_at > analysis.recording.created_at
    before = Recording.objects.count()
    seed(scale=True)
    assert Recording.objects.count() == before


def test_scale_is_two_hundred_patients_and_ten_thousand_recordings():
    assert scale.PATIENTS == 200
    assert scale.PATIENTS * scale.SESSIONS_PER_PATIENT * scale.TAKES_PER_SESSION == 10_000
