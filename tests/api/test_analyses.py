from __future__ import annotations

import pytest

from analysis.models import Analysis, ModelVersion
from tests import factories


def make_model(version: str, stage: str) -> ModelVersion:
    return ModelVersion.objects.create(
        name="heart", version=version, directory="/none", artefact_sha256=version[-1] * 64, stage=stage
    )


@pytest.fixture
def model(db):
    return make_model("v1", ModelVersion.Stage.CURRENT)


@pytest.fixture
def recording(clinic):
    return factories.make_recording(factories.make_session(clinic))


@pytest.fixture
def _no_queue(monkeypatch):
    monkeypatch.setattr("analysis.services.requests.enqueue", lambda analysis: None)


def test_a_finished_analysis_has_its_result_in_the_fixed_words(api, recording, model):
    analysis = factories.make_done(recording, model)
    found = api.get(f"/api/v1/analyses/{analysis.pk}/").json()
    assert (found["recording"], found["status"]) == (str(recording.pk), "done")
    assert (found["model"]["name"], found["model"]["version"]) == ("heart", "v1")
    result = found["result"]
    assert (result["label"], result["probability_abnormal"]) == ("abnormal", 0.8)
    assert (result["threshold"], result["unsure_band"]) == (0.4, [0.3, 0.55])
    assert result["sentence"] == "Resembles recordings labelled abnormal. Listen; consider echocardiography."
    assert result["s1_times_s"] == [0.5, 1.3]
    assert "not a medical device" in result["disclaimer"]
    assert result["device_note"] == "accuracy on phones not established"


def test_an_earlier_analysis_keeps_its_own_result(api, recording, model):
    earlier = factories.make_done(recording, model)
    factories.make_done(recording, make_model("v2", "candidate"), label="normal", probability_abnormal=0.1)
    assert api.get(f"/api/v1/analyses/{earlier.pk}/").json()["result"]["label"] == "abnormal"


@pytest.mark.parametrize("status", ["queued", "running", "failed"])
def test_an_unfinished_analysis_has_no_result(api, recording, model, status):
    analysis = Analysis.objects.create(
        clinic=recording.clinic,
        recording=recording,
        model_version=model,
        status=status,
        error_code="analysis.lost" if status == "failed" else "",
    )
    found = api.get(f"/api/v1/analyses/{analysis.pk}/").json()
    assert (found["status"], found["result"]) == (status, None)


def test_the_result_leaves_through_the_one_door(api, recording, model, monkeypatch):
    """Blind reading hides results there; the API must have no other way to them."""
    analysis = factories.make_done(recording, model)
    monkeypatch.setattr("analysis.api.views.get_visible_result", lambda user, recording: None)
    detail = api.get(f"/api/v1/analyses/{analysis.pk}/")
    assert detail.json()["result"] is None
    listed = api.get("/api/v1/analyses/").content.decode()
    for response in (detail.content.decode(), listed):
        assert "abnormal" not in response
        assert "0.8" not in response


def test_lists_have_no_results_and_are_filtered(api, recording, model, clinic):
    done = factories.make_done(recording, model)
    other = factories.make_recording(factories.make_session(clinic))
    queued = Analysis.objects.create(clinic=clinic, recording=other, model_version=model)

    def ids(query: str = "") -> list[str]:
        return [row["id"] for row in api.get(f"/api/v1/analyses/?{query}").json()["results"]]

    assert ids() == [str(queued.pk), str(done.pk)]
    assert ids("status=done") == [str(done.pk)]
    assert ids(f"recording={other.pk}") == [str(queued.pk)]
    assert "result" not in api.get("/api/v1/analyses/").json()["results"][0]


def test_shadow_runs_are_nobodys(api, recording, model):
    shadow = factories.make_done(recording, model, is_shadow=True)
    assert api.get("/api/v1/analyses/").json()["results"] == []
    assert api.get(f"/api/v1/analyses/{shadow.pk}/").status_code == 404


@pytest.mark.usefixtures("_no_queue")
def test_another_analysis_is_asked_for_and_a_failed_one_retried(api, recording, model):
    other = make_model("v2", "retired")
    wanted = {"recording": str(recording.pk), "model": str(other.pk)}
    made = api.post("/api/v1/analyses/", wanted, format="json", headers={"Idempotency-Key": "a"})
    again = api.post("/api/v1/analyses/", wanted, format="json", headers={"Idempotency-Key": "a"})
    assert made.status_code == 201
    assert (made.json()["model"]["version"], made.json()["status"]) == ("v2", "queued")
    assert made.json() == again.json()
    early = api.post(f"/api/v1/analyses/{made.json()['id']}/retry/")
    assert (early.status_code, early.json()["error"]["code"]) == (409, "analysis.not_failed")
    Analysis.objects.update(status="failed", error_code="analysis.lost")
    retried = api.post(f"/api/v1/analyses/{made.json()['id']}/retry/")
    assert (retried.json()["status"], retried.json()["error_code"]) == ("queued", "")


@pytest.mark.usefixtures("_no_queue")
def test_everybody_at_the_analyses_door(clients, recording, model):
    analysis = factories.make_done(recording, model)
    address = f"/api/v1/analyses/{analysis.pk}/"
    reads = {
        "owner": 200,
        "colleague": 200,
        "read-only": 200,
        "stranger": 404,
        "anonymous": 401,
        "expired": 401,
    }
    for who, expected in reads.items():
        assert clients[who].get(address).status_code == expected, who
    wanted = {"recording": str(recording.pk)}
    asks = {"read-only": 403, "stranger": 404, "anonymous": 401, "expired": 401, "colleague": 201}
    for who, expected in asks.items():
        assert clients[who].post("/api/v1/analyses/", wanted, format="json").status_code == expected, who
    assert clients["stranger"].post(f"{address}retry/").status_code == 404


def test_unknown_models_and_recordings_are_404(api, recording, model):
    for wanted in (
        {"recording": str(model.pk)},
        {"recording": str(recording.pk), "model": str(recording.pk)},
    ):
        assert api.post("/api/v1/analyses/", wanted, format="json").status_code == 404


def test_model_versions_are_listed(api, model):
    found = api.get("/api/v1/models/").json()["results"]
    assert [(row["version"], row["stage"]) for row in found] == [("v1", "current")]
