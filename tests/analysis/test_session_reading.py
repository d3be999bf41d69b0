from __future__ import annotations

import pytest

from analysis.selectors import get_visible_result
from analysis.session_reading import session_reading
from recordings.models import Site
from tests import factories

QUIET = {"label": "normal", "probability_abnormal": 0.1}


@pytest.fixture
def takes(clinic, clinician, model):
    """Add a take with a finished analysis; the list as the page sees it."""
    session = factories.make_session(clinic)
    rows = []

    def add(site: str = "", **fields):
        recording = factories.make_recording(session, site=site)
        factories.make_done(recording, model, **{**QUIET, **fields})
        rows.append((recording, get_visible_result(clinician, recording)))
        return rows

    return add


def test_one_take_is_no_session_reading(takes):
    assert session_reading(takes(Site.MITRAL), None) is None


def test_normal_needs_four_named_usable_sites(takes):
    for site in (Site.MITRAL, Site.TRICUSPID, Site.ERB):
        rows = takes(site)
    three = session_reading(rows, None)
    assert (three.label, three.n_sites) == ("unsure", 3)
    assert "3 of the 4 sites" in three.sentence
    assert session_reading(takes(Site.ERB), None).label == "unsure", (
        "a second take of one site is no new site"
    )
    assert session_reading(takes(), None).label == "normal"


def test_one_confident_site_suffices_for_abnormal(takes):
    takes(Site.MITRAL)
    rows = takes(Site.AORTIC, label="abnormal", probability_abnormal=0.95)
    assert session_reading(rows, None).label == "abnormal"


def test_more_sites_alone_do_not_raise_the_probability(takes):
    takes(Site.MITRAL)
    two = session_reading(takes(Site.ERB), None)
    five = None
    for site in (Site.AORTIC, Site.PULMONIC, Site.TRICUSPID):
        five = session_reading(takes(site), None)
    assert five.probability_abnormal == pytest.approx(two.probability_abnormal)


def test_a_superseded_take_has_no_say(takes):
    takes(Site.MITRAL)
    rows = takes(Site.ERB, label="abnormal", probability_abnormal=0.99)
    rows[-1][0].is_kept = False
    assert session_reading(rows, None) is None


def test_outside_the_scope_the_session_is_unsure_too(takes):
    takes(Site.MITRAL)
    rows = takes(Site.ERB, label="abnormal", probability_abnormal=0.99)
    rows[0][0].session.patient.prosthetic_valve = True
    together = session_reading(rows, None)
    assert (together.label, together.reason_text) == ("unsure", "outside what the model knows")
