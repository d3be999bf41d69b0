"""How the model decides: who sees it, who chooses, what is shown before and after saving."""

from __future__ import annotations

import pytest

from accounts.models import AuditEvent
from tests import factories
from tests.analysis.conftest import CURVE_ROWS, facts

CHOICE = {"operating_point": "adjusted", "sensitivity_percent": "93", "prevalence_percent": "10"}
pytestmark = pytest.mark.django_db


def text_of(response) -> str:
    return " ".join(response.content.decode().replace("\u00a0", " ").split())


def test_an_administrator_adjusts_and_the_page_shows_what_is_in_force(
    browse, administrator, adjustable, clinic
):
    client = browse(administrator)
    page = text_of(client.post("/model/", CHOICE, follow=True))
    clinic.refresh_from_db()
    assert (clinic.operating_point, clinic.wanted_sensitivity, clinic.prevalence) == ("adjusted", 0.93, 0.1)
    assert "earlier results keep theirs" in page
    assert "In force" in page
    # Adjusted reads at 0.2: Se 95 %, Sp 70 %, and at 10 % PPV 95 / (95 + 270) and NPV 630 / (630 + 5).
    for value in ("0.200", "95.0 %", "70.0 %", "26.0 %", "99.2 %"):
        assert value in page
    assert "PhysioNet" not in page, "the data are those that the model itself names"
    assert "synthetic recordings" in page
    assert "Accuracy on phones is not established" in page
    details = AuditEvent.objects.get(action="clinic.changed").details
    assert details["operating_point"] == {"from": "balanced", "to": "adjusted"}
    assert details["wanted_sensitivity"] == {"from": 0.9, "to": 0.93}


def test_others_read_and_do_not_choose(browse, clinician, reviewer, adjustable, clinic):
    for person in (clinician, reviewer):
        page = text_of(browse(person).get("/model/"))
        assert "Balanced" in page
        assert "95.0 %" in page
        assert "administrators choose" in page
        assert "<form class" not in page
        assert browse(person).post("/model/", CHOICE).status_code == 403
        assert browse(person).get("/model/figures/", CHOICE).status_code == 403
    clinic.refresh_from_db()
    assert clinic.operating_point == "balanced"


def test_a_choice_is_of_ones_own_clinic(browse, stranger, adjustable, clinic):
    browse(stranger).post("/model/", CHOICE)
    clinic.refresh_from_db()
    assert clinic.operating_point == "balanced"
    assert (
        stranger.active_clinic.__class__.objects.get(pk=stranger.active_clinic.pk).operating_point
        == "adjusted"
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sensitivity_percent": "79.5"}, "Ask for 80 to 98 %"),
        ({"sensitivity_percent": "98.5"}, "Ask for 80 to 98 %"),
        ({"sensitivity_percent": "nan"}, "Enter a number"),
        ({"sensitivity_percent": "97.5"}, "at most 97 %"),
        ({"prevalence_percent": "0.4"}, "greater than or equal to 0.5"),
        ({"prevalence_percent": "91"}, "less than or equal to 90"),
        ({"prevalence_percent": ""}, "required"),
        ({"operating_point": "hopeful"}, "valid choice"),
    ],
)
@pytest.mark.usefixtures("adjustable")
def test_the_bounds_hold_before_and_at_saving(browse, administrator, clinic, change, words):
    client = browse(administrator)
    asked = CHOICE | change
    for response in (client.get("/model/figures/", asked), client.post("/model/", asked)):
        assert response.status_code == 200
        assert words in text_of(response)
    clinic.refresh_from_db()
    assert (clinic.operating_point, clinic.prevalence) == ("balanced", 0.2)
    assert not AuditEvent.objects.filter(action="clinic.changed").exists()


def test_figures_of_a_choice_are_shown_before_it_is_saved(browse, administrator, adjustable, clinic):
    page = text_of(browse(administrator).get("/model/figures/", CHOICE))
    assert "Not saved yet" in page
    assert "<html" not in page
    assert "26.0 %" in page
    assert "Of 1000 patients, one recording each, 10 % abnormal" in page
    same = {"operating_point": "balanced", "sensitivity_percent": "90", "prevalence_percent": "20"}
    assert "In force" in text_of(browse(administrator).get("/model/figures/", same))
    clinic.refresh_from_db()
    assert clinic.operating_point == "balanced"


def test_without_a_curve_adjusting_is_not_offered_and_the_page_says_why(browse, administrator, model, clinic):
    model.metadata = facts() | {"operating_curve": None}
    model.save()
    client = browse(administrator)
    page = text_of(client.get("/model/"))
    assert "came without an operating curve" in page
    assert 'value="adjusted"' not in page
    assert "0.400" in page
    assert "valid choice" in text_of(client.post("/model/", CHOICE))
    kept = {"operating_point": "screening", "prevalence_percent": "15"}
    client.post("/model/", kept)
    clinic.refresh_from_db()
    assert (clinic.operating_point, clinic.prevalence, clinic.wanted_sensitivity) == ("screening", 0.15, 0.9)


def test_a_wish_survives_a_model_that_cannot_map_it(browse, administrator, model, clinic):
    clinic.operating_point, clinic.wanted_sensitivity = "adjusted", 0.93
    clinic.save()
    model.metadata = facts() | {"operating_curve": None}
    model.save()
    page = text_of(browse(administrator).get("/model/"))
    assert "asks for a sensitivity of 93 %; until a model can be adjusted it reads at screening" in page
    model.metadata = facts([(0.15, 0.99, 0.5), *CURVE_ROWS[2:]])
    model.save()
    page = text_of(browse(administrator).get("/model/"))
    assert "until a model" not in page
    assert "data-chosen" in page


def test_a_wish_saved_under_another_model_may_stay_though_this_one_meets_it_in_part(
    browse, administrator, adjustable, clinic
):
    clinic.operating_point, clinic.wanted_sensitivity = "adjusted", 0.98
    clinic.save()
    page = text_of(browse(administrator).get("/model/"))
    assert "98 % is more than this model can give" in page
    asked = {"operating_point": "adjusted", "sensitivity_percent": "98", "prevalence_percent": "30"}
    assert browse(administrator).post("/model/", asked).status_code == 302
    clinic.refresh_from_db()
    assert (clinic.wanted_sensitivity, clinic.prevalence) == (0.98, 0.3)


def test_without_any_model_the_page_says_so(browse, administrator):
    assert "No model reads yet" in text_of(browse(administrator).get("/model/"))


def test_a_result_keeps_the_point_it_was_read_at(browse, clinician, adjustable, recording, clinic):
    factories.make_done(
        recording, adjustable, operating_point="adjusted", wanted_sensitivity=0.93, threshold=0.2
    )
    clinic.operating_point = "balanced"
    clinic.save()
    page = text_of(browse(clinician).get(f"/recordings/{recording.pk}/"))
    assert "wanted sensitivity 93 %" in page
    assert "threshold 0.20" in page


def test_administrators_see_the_versions_and_others_do_not(browse, administrator, clinician, adjustable):
    assert "Model versions" in text_of(browse(administrator).get("/model/"))
    assert "Model versions" not in text_of(browse(clinician).get("/model/"))
