"""Time and queries of each page in a clinic of 10,000 recordings: `python -m tests.bench.pages --json FILE`.

In process, through Django's test client: what is measured is the application, not the network.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import statistics
import tempfile
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analysis.models import ModelVersion

ROUNDS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="where the figures go")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    data_dir = tempfile.mkdtemp(prefix="heartsite-bench-")
    os.environ["HEARTSITE_DATA_DIR"] = data_dir
    os.environ["DJANGO_SETTINGS_MODULE"] = "heartsite.settings"
    try:
        report = measure(options.rounds)
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(report, indent=2) + "\n")
    for name, figures in report["pages"].items():
        print(
            "{:24} p50 {p50_ms:7.1f} ms   p95 {p95_ms:7.1f} ms   {queries:3} queries".format(name, **figures)
        )


def measure(rounds: int) -> dict:
    """Seed the clinic, ask for every page `rounds` times as its administrator."""
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from accounts.models import Membership, Role
    from recordings.models import Recording
    from tests.bench.machine import describe_machine

    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
    call_command("migrate", verbosity=0)
    call_command("seed_demo", scale=True, verbosity=0, stdout=io.StringIO())
    administrator = Membership.objects.filter(role=Role.ADMIN).first().user
    client = Client()
    client.force_login(administrator, backend="allauth.account.auth_backends.AuthenticationBackend")
    pages = {}
    shadow = shadow_run()
    for name, path in paths(shadow).items():
        response = client.get(path)
        if response.status_code != 200:
            raise RuntimeError(f"{path} answered {response.status_code}")
        times_ms = []
        for _ in range(rounds):
            started = time.perf_counter()
            client.get(path)
            times_ms.append(1000 * (time.perf_counter() - started))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(path)
        pages[name] = {
            "path": path,
            "p50_ms": round(statistics.median(times_ms), 2),
            "p95_ms": round(statistics.quantiles(times_ms, n=20)[-1], 2),
            "queries": len(queries),
        }
    return {
        "machine": describe_machine(),
        "recordings": Recording.objects.count(),
        "rounds": rounds,
        "pages": pages,
    }


def shadow_run() -> ModelVersion:
    """A candidate that has read every recording beside the shown results, and differs on a tenth of them."""
    from datetime import timedelta

    from django.db.models import F

    from analysis.models import Analysis, ModelVersion

    shadow = ModelVersion.objects.create(
        name="bench", version="1", directory="", artefact_sha256="1" * 64, stage=ModelVersion.Stage.SHADOW
    )
    shown = list(Analysis.objects.filter(is_shadow=False, status=Analysis.Status.DONE))
    for number, row in enumerate(shown):
        row.pk, row.model_version, row.is_shadow = uuid.uuid4(), shadow, True
        if number % 10 == 0:
            row.label, row.unsure_reason, row.probability_abnormal = "abnormal", "", 0.9
    Analysis.objects.bulk_create(shown, batch_size=500)
    Analysis.objects.filter(is_shadow=True).update(created_at=F("finished_at") + timedelta(seconds=1))
    return shadow


def paths(shadow: ModelVersion) -> dict[str, str]:
    """Every page that a clinic's day goes through, with the busiest patient and session, and the models' pages."""
    from django.db.models import Count
    from django.urls import reverse

    from recordings.models import Patient, Recording

    patient = Patient.objects.annotate(n=Count("sessions__recordings")).order_by("-n").first()
    recording = Recording.objects.filter(status=Recording.Status.STORED).first()
    return {
        "home": "/",
        "patients": reverse("recordings:patients"),
        "patients, searched": reverse("recordings:patients") + "?q=1",
        "patient": reverse("analysis:patient", args=[patient.pk]),
        "sessions": reverse("recordings:sessions"),
        "session": reverse("analysis:session", args=[recording.session_id]),
        "recordings": reverse("analysis:recordings"),
        "recordings, abnormal": reverse("analysis:recordings") + "?label=abnormal",
        "recording": reverse("analysis:recording", args=[recording.pk]),
        "model": reverse("analysis:model"),
        "model, compared": reverse("analysis:comparison", args=[shadow.pk]),
        "audit": reverse("accounts:audit"),
        "API: recordings": "/api/v1/recordings/",
        "API: patients": "/api/v1/patients/",
    }


if __name__ == "__main__":
    main()
