"""A shadow model beside the current one: the arithmetic, the pairing, and who sees what."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils import timezone

from analysis.comparison import PLOT_WIDTH, Pair, Said, compare, histogram
from analysis.models import Analysis, ModelVersion
from analysis.selectors import analyses_for, get_visible_result
from analysis.selectors.comparison import shadow_run_for
from recordings.models import Patient, Recording
from tests import factories


def pair(first="normal", second="normal", p=0.2, q=0.2, ms=(50.0, 30.0)):
    return Pair(uuid.uuid4(), Said(first, p, ms[0], "balanced"), Said(second, q, ms[1], "balanced"))


def test_labels_are_counted_by_both_and_times_are_means():
    found = compare(
        [
            pair(),
            pair("normal", "abnormal", 0.2, 0.6),
            pair("unsure", "abnormal", 0.4, 0.5, (70.0, None)),
            pair(),
        ]
    )
    assert [(label, [cell.count for cell in cells]) for label, cells in found.rows] == [
        ("Normal", [2, 1, 0]),
        ("Abnormal", [0, 0, 0]),
        ("Unsure", [0, 1, 0]),
    ]
    assert (found.n, found.n_agree, found.agreement) == (4, 2, 0.5)
    assert found.mean_difference == pytest.approx(0.125)
    assert (found.current_ms, found.candidate_ms) == (55.0, 30.0)


def test_of_nothing_there_is_nothing_to_say():
    found = compare([])
    assert (found.agreement, found.histogram, found.mean_difference, found.current_ms) == (None,) * 4
    assert found.is_small


def test_every_difference_stands_in_its_bin():
    plot = histogram([0.0, 0.01, 0.049, 0.05, -0.01, -0.2, 0.31, 1.0])
    assert {bar.low: bar.count for bar in plot.bars} == {-0.2: 1, -0.05: 1, 0.0: 3, 0.05: 1, 0.3: 1, 0.95: 1}
    assert plot.most == 3
    assert max(bar.x + bar.width for bar in plot.bars) <= PLOT_WIDTH
    assert [text for _, text in plot.ticks] == ["\u22121.00", "\u22120.50", "0", "+0.50", "+1.00"]


def test_small_differences_still_have_a_scale_and_zero_in_the_middle():
    plot = histogram([0.01, -0.01])
    assert [text for _, text in plot.ticks] == ["\u22120.20", "\u22120.10", "0", "+0.10", "+0.20"]
    below, above = plot.bars
    assert below.x + below.width < plot.zero_x < above.x


@pytest.fixture
def candidate(db):
    return ModelVersion.objects.create(name="heart", version="next", artefact_sha256="b" * 64, stage="shadow")


@pytest.fixture
def read(model, candidate):
    """read(home, current, candidate) is a recording that both have read; labels and probabilities as given."""

    def both(home, ours=("normal", 0.2), theirs=("normal", 0.3), **patient):
        session = factories.make_session(home, factories.make_patient(home, **patient))
        recording = factories.make_recording(session)
        done(recording, model, ours)
        done(recording, candidate, theirs, is_shadow=True)
        return recording

    return both


def done(recording, version, said, **fields):
    label, p = said
    reason = "borderline" if label == "unsure" else ""
    return factories.make_done(
        recording,
        version,
        label=label,
        unsure_reason=reason,
        probability_abnormal=p,
        elapsed_ms=50.0,
        **fields,
    )


def test_each_recording_counts_once_beside_what_was_shown_then(administrator, clinic, candidate, model, read):
    recording = read(clinic, ("normal", 0.2), ("abnormal", 0.7))
    # Analysed again: another shown result, and another shadow reading.
    done(recording, model, ("abnormal", 0.6))
    done(recording, candidate, ("abnormal", 0.8), is_shadow=True)
    # And once more by a person's wish, which brings no shadow reading along.
    done(recording, model, ("normal", 0.1))
    run = shadow_run_for(administrator, candidate)
    assert (run.comparison.n, run.comparison.n_agree) == (1, 1)
    assert run.comparison.mean_difference == pytest.approx(0.2)
    assert run.baseline == model


def test_results_of_an_earlier_model_are_compared_apart(administrator, clinic, candidate, model, read):
    old = ModelVersion.objects.create(name="heart", version="old", artefact_sha256="c" * 64, stage="retired")
    recordings = [read(clinic) for _ in range(3)]
    for recording in recordings[:2]:
        recording.analyses.filter(model_version=model).update(model_version=old)
    run = shadow_run_for(administrator, candidate)
    assert (run.baseline, run.comparison.n) == (model, 1)
    assert dict(run.baselines) == {model: 1, old: 2}
    assert shadow_run_for(administrator, candidate, old.pk).comparison.n == 2
    with pytest.raises(Http404):
        shadow_run_for(administrator, candidate, uuid.uuid4())


def test_another_clinics_recordings_are_not_counted(administrator, stranger, clinic, candidate, read):
    read(clinic, ("normal", 0.2), ("abnormal", 0.6))
    theirs = read(stranger.active_clinic, ("normal", 0.2), ("abnormal", 0.6))
    run = shadow_run_for(administrator, candidate)
    assert run.comparison.n == 1
    assert theirs not in [each.recording for each in run.disagreements]
    with pytest.raises(PermissionDenied):
        # Everywhere is for superusers: for others it is their own clinic, and needs their right.
        shadow_run_for(factories.make_user(clinic), candidate, everywhere=True)
    assert shadow_run_for(administrator, candidate, everywhere=True).comparison.n == 1
    superuser = factories.make_user(is_superuser=True)
    assert shadow_run_for(superuser, candidate, everywhere=True).comparison.n == 2


@pytest.mark.parametrize("role", ["clinician", "reviewer"])
def test_clinicians_and_reviewers_see_no_comparison(clinic, candidate, role):
    with pytest.raises(PermissionDenied):
        shadow_run_for(factories.make_user(clinic, role), candidate)


def test_what_no_model_may_speak_of_is_left_out(administrator, clinic, candidate, read):
    read(clinic, ("normal", 0.2), ("abnormal", 0.6), prosthetic_valve=True)
    read(clinic, ("normal", 0.2), ("abnormal", 0.6), born_on=timezone.localdate() - timedelta(days=365 * 9))
    deleted = read(clinic)
    Recording.objects.filter(pk=deleted.pk).update(deleted_at=timezone.now())
    assert shadow_run_for(administrator, candidate).comparison.n == 0
    Patient.objects.filter(prosthetic_valve=True).update(prosthetic_valve=False)
    assert shadow_run_for(administrator, candidate).comparison.n == 1


def test_a_result_that_may_not_be_seen_is_not_listed(administrator, clinic, candidate, read, monkeypatch):
    hidden, open_one = (read(clinic, ("normal", 0.2), ("abnormal", 0.6)) for _ in range(2))
    monkeypatch.setattr(
        "analysis.selectors.comparison.get_visible_result",
        lambda user, recording: None if recording == hidden else get_visible_result(user, recording),
    )
    run = shadow_run_for(administrator, candidate)
    assert [each.recording for each in run.disagreements] == [open_one]
    assert run.n_differ == 2


def test_a_shadow_reading_is_nobodys_result(clinician, administrator, clinic, candidate, read):
    recording = read(clinic, ("normal", 0.2), ("abnormal", 0.9))
    for person in (clinician, administrator):
        assert get_visible_result(person, recording).label == "normal"
        assert not analyses_for(person).filter(model_version=candidate).exists()


def page_of(client, version, query=""):
    return " ".join(client.get(f"/model/comparison/{version.pk}/{query}").content.decode().split())


def test_the_page_shows_agreement_differences_and_where(browse, administrator, clinic, candidate, read):
    differs = read(clinic, ("normal", 0.2), ("abnormal", 0.6), identifier="P-differs")
    read(clinic, identifier="P-agrees")
    Analysis.objects.create(
        clinic=clinic,
        recording=factories.make_recording(differs.session),
        model_version=candidate,
        is_shadow=True,
        status="failed",
        error_code="artefact.missing",
    )
    page = page_of(browse(administrator), candidate)
    assert "1 of 2 recordings" in page
    assert "So few recordings say little" in page
    assert f"/recordings/{differs.pk}/" in page
    assert "P-differs" in page
    assert "P-agrees" not in page
    assert "artefact.missing" in page
    assert "<svg" in page


def test_before_anything_is_read_the_page_says_what_will_happen(
    browse, administrator, clinic, candidate, model
):
    client = browse(administrator)
    assert "From now on it reads each new recording" in page_of(client, candidate)
    recording = factories.make_recording(factories.make_session(clinic))
    Analysis.objects.create(clinic=clinic, recording=recording, model_version=candidate, is_shadow=True)
    assert "1 recording waits for this model" in page_of(client, candidate)
    assert "never ran in the shadow" in page_of(client, model)
    assert client.get(f"/model/comparison/{candidate.pk}/?beside=nonsense").status_code == 404
    assert client.get(f"/model/comparison/{uuid.uuid4()}/").status_code == 404


def test_the_admin_site_compares_in_all_clinics_for_superusers_alone(
    browse, administrator, stranger, candidate, read
):
    clinic = administrator.active_clinic
    read(clinic, ("normal", 0.2), ("abnormal", 0.6), identifier="P-ours")
    theirs = read(stranger.active_clinic, ("normal", 0.2), ("abnormal", 0.6), identifier="P-theirs")
    address = f"/admin/analysis/modelversion/{candidate.pk}/comparison/"
    assert browse(administrator).get(address, follow=True).status_code == 403
    administrator.is_staff = True
    administrator.save()
    page = browse(administrator).get(address).content.decode()
    assert "0 of 1 recording" in page
    assert str(theirs.pk) not in page
    superuser = factories.make_user(clinic, "admin", is_staff=True, is_superuser=True)
    page = browse(superuser).get(address).content.decode()
    assert "0 of 2 recordings" in page
    assert str(theirs.pk) in page
    assert "P-theirs" not in page
    assert "Other Clinic" in page
