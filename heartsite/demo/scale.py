"""A busy clinic of made-up rows, to see that lists stay fast: 200 patients, 10,000 recordings with results.

The rows speak of no sound that exists, so their results carry a model version that says so.
"""

from __future__ import annotations

import random
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.actors import Actor
from accounts.models import Clinic
from analysis.models import Analysis, ModelVersion
from recordings.models import Patient, Posture, Recording, RecordingSession, Site

PATIENTS = 200
SESSIONS_PER_PATIENT = 10
TAKES_PER_SESSION = 5
RATE_HZ = 8000
DAYS_BACK = 720
BATCH = 500
SEED = 1628
SEEDED_SHA256 = "0" * 64
# What a cardiology clinic might see; only lists and filters look at it.
LABELS = (("normal", ""), ("abnormal", ""), ("unsure", "quality"), ("unsure", "borderline"))
LABEL_WEIGHTS = (60, 22, 12, 6)


@transaction.atomic
def seed_scale(*, clinic: Clinic, by: Actor) -> int:
    """Fill the clinic up to 10,000 seeded recordings; a second call adds nothing. Returns their number."""
    if clinic.patients.filter(identifier="S-0001").exists():
        return Recording.objects.filter(clinic=clinic).count()
    dice = random.Random(SEED)  # noqa: S311  (made-up rows, not secrets)
    patients = Patient.objects.bulk_create(_patient(clinic, n, dice) for n in range(1, PATIENTS + 1))
    sessions = RecordingSession.objects.bulk_create(
        [_session(patient, by, dice) for patient in patients for _ in range(SESSIONS_PER_PATIENT)],
        batch_size=BATCH,
    )
    recordings = Recording.objects.bulk_create(
        [_recording(session, take, dice) for session in sessions for take in range(1, TAKES_PER_SESSION + 1)],
        batch_size=BATCH,
    )
    model = _seeded_model()
    Analysis.objects.bulk_create([_analysis(each, model, dice) for each in recordings], batch_size=BATCH)
    _spread_over_time(clinic)
    return Recording.objects.filter(clinic=clinic).count()


def _patient(clinic: Clinic, number: int, dice: random.Random) -> Patient:
    return Patient(
        clinic=clinic,
        identifier=f"S-{number:04d}",
        name=f"Seeded Patient {number}",
        age_months=12 * dice.randint(16, 92),
        age_recorded_on=timezone.localdate() - timedelta(days=DAYS_BACK),
        sex=dice.choice(["F", "M", ""]),
        prosthetic_valve=dice.random() < 0.03,
        indication=dice.choice(["Check-up", "Dyspnoea", "Murmur heard", "Palpitations", ""]),
    )


def _session(patient: Patient, by: Actor, dice: random.Random) -> RecordingSession:
    ended_at = timezone.now() - timedelta(minutes=dice.randint(60, DAYS_BACK * 24 * 60))
    return RecordingSession(
        clinic_id=patient.clinic_id,
        patient=patient,
        opened_by=by.user,
        ended_at=ended_at,
        site=dice.choice(Site.values),
        posture=dice.choice(Posture.values),
    )


def _recording(session: RecordingSession, take: int, dice: random.Random) -> Recording:
    ended_at = session.ended_at or timezone.now()
    stored_at = ended_at - timedelta(minutes=TAKES_PER_SESSION + 1 - take)
    return Recording(
        clinic_id=session.clinic_id,
        session=session,
        take=take,
        source=dice.choice([Recording.Source.PHONE, Recording.Source.PHONE, Recording.Source.UPLOAD]),
        status=Recording.Status.STORED,
        site=session.site,
        posture=session.posture,
        device_label="Seeded row, no sound",
        started_at=stored_at - timedelta(seconds=17),
        stored_at=stored_at,
        audio=f"seeded/{session.clinic_id}.flac",
        n_samples=RATE_HZ * dice.randint(10, 30),
        sample_rate_hz=RATE_HZ,
    )


def _analysis(recording: Recording, model: ModelVersion, dice: random.Random) -> Analysis:
    label, reason = dice.choices(LABELS, LABEL_WEIGHTS)[0]
    probability = {"normal": 0.2, "abnormal": 0.85, "unsure": 0.5}[label]
    return Analysis(
        clinic_id=recording.clinic_id,
        recording=recording,
        model_version=model,
        status=Analysis.Status.DONE,
        finished_at=(recording.stored_at or timezone.now()) + timedelta(seconds=1),
        elapsed_ms=60.0,
        label=label,
        unsure_reason=reason,
        probability_abnormal=probability,
        threshold=0.5,
        band_low=0.4,
        band_high=0.6,
        operating_point="balanced",
        heart_rate_bpm=dice.randint(50, 110),
        quality_score=0.3 if reason == "quality" else 0.8,
        quality_usable=reason != "quality",
    )


def _seeded_model() -> ModelVersion:
    version, _ = ModelVersion.objects.get_or_create(
        artefact_sha256=SEEDED_SHA256,
        defaults={
            "name": "seeded-rows",
            "version": "0",
            "directory": "",
            "stage": ModelVersion.Stage.RETIRED,
        },
    )
    return version


def _spread_over_time(clinic: Clinic) -> None:
    """`auto_now_add` made everything of today; one update per table sets that right."""
    seeded = {"clinic": clinic}
    RecordingSession.objects.filter(**seeded, patient__identifier__startswith="S-").update(
        opened_at=F("ended_at") - timedelta(minutes=10)
    )
    Recording.objects.filter(**seeded, audio__startswith="seeded/").update(created_at=F("stored_at"))
    Analysis.objects.filter(**seeded, model_version__artefact_sha256=SEEDED_SHA256).update(
        created_at=F("finished_at")
    )
