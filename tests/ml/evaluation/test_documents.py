import json
import shutil

import numpy as np
import pytest

from ml.evaluation.calibration import Threshold, fit_platt, operating_points, session_calibration
from ml.evaluation.model_card import write_model_card
from ml.evaluation.predictions import Predictions
from ml.evaluation.report import lodo_text, readings_text
from ml.evaluation.store import add_figures, read_figures, write_figures
from ml.evaluation.tables import decisions, full_table, ranking, without_nan
from ml.inference import RELEASE_DIR


@pytest.fixture
def predictions():
    rng = np.random.default_rng(2)
    n = 600
    labels = (rng.random(n) < 0.3).astype(int)
    return Predictions(
        file_ids=np.array([f"r{i}" for i in range(n)]),
        databases=np.array(list("abcdef"))[rng.integers(0, 6, n)],
        subjects=np.array([f"s{i // 3}" for i in range(n)]),
        labels=labels,
        usable=rng.random(n) < 0.9,
        scores=labels + rng.standard_normal(n),
    )


@pytest.fixture
def table(predictions):
    platt = fit_platt(predictions.scores, predictions.labels)
    return full_table(predictions, platt, operating_points(predictions, platt), replicates=20)


@pytest.fixture
def model_dir(tmp_path, predictions, table):
    directory = tmp_path / "model"
    directory.mkdir()
    for path in RELEASE_DIR.iterdir():
        if path.is_file():
            shutil.copy(path, directory)
    predictions.save(directory / "predictions.json")
    figures = {"what": "made up", "seed": 3, "code_version": "abc", "out_of_fold": table}
    write_figures(directory / "evaluation.json", figures)
    return directory


def test_the_card_repeats_the_stored_figures(model_dir, table, tmp_path):
    text = write_model_card(model_dir, tmp_path / "docs" / "card.md").read_text()
    assert f"{table['ranking']['macro_auc_abdf']:.3f}" in text
    assert f"{table['operating_points']['balanced']['groups']['pooled']['forced']['macc']:.3f}" in text
    assert "accuracy on phones is not established" in text
    assert "not an audible finding" in text
    for name in ("roc", "reliability", "risk-coverage", "auc-by-database", "confusion"):
        assert (tmp_path / "docs" / "model-card" / f"{name}.svg").read_text().startswith("<?xml")
        assert f"model-card/{name}.svg" in text


def test_the_card_and_its_plots_are_the_same_each_time(model_dir, tmp_path):
    first = write_model_card(model_dir, tmp_path / "1" / "card.md")
    second = write_model_card(model_dir, tmp_path / "2" / "card.md")
    assert first.read_bytes() == second.read_bytes()
    assert (tmp_path / "1/model-card/roc.svg").read_bytes() == (
        tmp_path / "2/model-card/roc.svg"
    ).read_bytes()


def test_a_section_without_figures_is_left_out(model_dir, tmp_path):
    assert "What a phone might do" not in write_model_card(model_dir, tmp_path / "card.md").read_text()
    row = {"macro_auc_abdf": 0.61, "pooled_auc": 0.7, "se": 0.5, "sp": 0.6, "macc": 0.55}
    add_figures(model_dir, {"stress": {"what": "fold 0", "n": 5, "seed": 0, "rows": {"8 bit": row}}})
    assert (
        "| 8 bit | 0.610 | 0.700 | 0.500 | 0.600 | 0.550 |"
        in write_model_card(model_dir, tmp_path / "card.md").read_text()
    )


def test_adding_figures_keeps_the_others(tmp_path):
    write_figures(tmp_path / "evaluation.json", {"a": 1, "b": {"c": float("nan")}})
    add_figures(tmp_path, {"b": 2})
    assert read_figures(tmp_path) == {"a": 1, "b": 2}
    assert read_figures(tmp_path / "nothing") == {}


def test_undefined_figures_are_null():
    assert json.dumps(without_nan({"x": [float("nan"), (1.5, None)]})) == '{"x": [null, [1.5, null]]}'


def test_reports_name_the_headline(predictions, table):
    section = {
        "model": {"name": "heart", "version": "1"},
        "ranking": table["ranking"],
        "operating_points": {"balanced": table["operating_points"]["balanced"]},
        "unreadable": {"a0001": "audio.empty"},
        "heart_rate": {},
    }
    text = readings_text(section)
    assert "macro AUC a,b,d,f" in text
    assert "1 recordings could not be read" in text
    lodo = {"ranking": table["ranking"], "balanced": table["operating_points"]["balanced"]["groups"]}
    assert "mean AUC a,b,c,d,f" in lodo_text(lodo)


def test_decisions_follow_the_calls_of_the_software(predictions):
    p = np.full(len(predictions), 0.9)
    calls = np.full(len(predictions), "unsure")
    group = decisions(predictions, p, Threshold(0.5, (0.4, 0.6)), calls)["groups"]["pooled"]
    assert group["forced"]["se"] == 1
    assert group["three_way"]["coverage"] == 0
    assert group["three_way"]["unsure_usable"] == 1


def test_ranking_counts_subjects_and_gives_intervals(predictions):
    result = ranking(predictions, replicates=20)
    assert result["n_subjects"] == 200
    low, high = result["interval_95"]["pooled"]
    assert low < result["pooled_auc"] < high


def test_session_calibration_is_of_subjects_with_one_label():
    scores = np.array([2.0, 2.2, -2.0, -2.1, 0.0, 0.0, 5.0])
    predictions = Predictions(
        file_ids=np.array(list("abcdefg")),
        databases=np.array(["a"] * 7),
        subjects=np.array(["p", "p", "q", "q", "mixed", "mixed", "single"]),
        labels=np.array([1, 1, 0, 0, 0, 1, 0]),
        usable=np.ones(7, bool),
        scores=scores,
    )
    platt = session_calibration(predictions, fit_platt(scores, predictions.labels))
    assert platt.slope > 0
    none = predictions.take(np.arange(2))
    assert session_calibration(none, fit_platt(scores, predictions.labels)).slope == 1.0
