"""A few patients, one session each, and in them the demo samples: real recordings with their published labels.

Nothing is invented about the people behind the samples: the data set tells neither age nor sex of most of them.
"""

from __future__ import annotations

import logging
from typing import Any

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from accounts.models import Clinic
from analysis import pipeline
from analysis.models import Analysis
from analysis.services.registry import current_model
from analysis.services.requests import request_analysis
from recordings.demo import demo_samples
from recordings.models import Recording, Site
from recordings.services.patients import add_patient
from recordings.services.sessions import end_session, open_session
from recordings.services.uploads import store_demo_sample

logger = logging.getLogger(__name__)

# Made-up people; their sessions hold samples from one source database each.
PATIENTS: tuple[dict[str, Any], ...] = (
    {
        "identifier": "P-0101",
        "name": "Elena Demo",
        "age_months": 63 * 12,
        "sex": "F",
        "indication": "Dyspnoea",
    },
    {
        "identifier": "P-0102",
        "name": "Jonas Demo",
        "age_months": 48 * 12,
        "sex": "M",
        "indication": "Check-up",
    },
    {
        "identifier": "P-0103",
        "name": "Amara Demo",
        "age_months": 71 * 12,
        "sex": "F",
        "indication": "Syncope",
    },
    {
        "identifier": "P-0104",
        "name": "Viktor Demo",
        "age_months": 77 * 12,
        "sex": "M",
        "prosthetic_valve": True,
        "indication": "Follow-up after valve replacement",
    },
    {
        "identifier": "P-0105",
        "name": "Lucía Demo",
        "age_months": 15 * 12,
        "sex": "F",
        "indication": "Murmur heard",
    },
    {"identifier": "P-0106", "name": "Sam Demo", "age_months": 34 * 12, "indication": "Palpitations"},
)


def seed_patients(*, clinic: Clinic, by: Actor) -> int:
    """Add the patients and store the samples, two to a session; returns how many recordings are there now."""
    if clinic.patients.exists():
        return Recording.objects.filter(clinic=clinic).count()
    samples = list(demo_samples())
    shares = [samples[index :: len(PATIENTS)] for index in range(len(PATIENTS))]
    for details, share in zip(PATIENTS, shares, strict=True):
        patient = add_patient(by=by, **details)
        session = open_session(patient=patient, by=by, site=Site.MITRAL)
        for sample in share:
            store_demo_sample(record=sample.record, by=by, session=session)
        end_session(session=session, by=by)
    return Recording.objects.filter(clinic=clinic).count()


def analyse_samples(*, clinic: Clinic, by: Actor) -> int:
    """Read the samples that wait for it here and now: no worker need be there. Returns how many were read.

    Without a model the recordings are there all the same, and the next call reads them.
    """
    try:
        current_model()
    except HeartSiteError as error:
        logger.warning("the demo samples are not analysed: %s", error.message)
        return 0
    for recording in Recording.objects.filter(clinic=clinic, source=Recording.Source.DEMO, analyses=None):
        request_analysis(recording=recording, by=by)
    owed = Analysis.objects.filter(clinic=clinic, status=Analysis.Status.QUEUED)
    ids = list(owed.values_list("pk", flat=True))
    for analysis_id in ids:
        pipeline.run(analysis_id)
    return len(ids)
