import json

import numpy as np
import pytest

from ml.evaluation import report
from ml.evaluation.ablation import evaluate_without
from ml.evaluation.calibration import Threshold, fit_platt, session_calibration
from ml.evaluation.lodo import evaluate_lodo
from ml.evaluation.model_card import write_model_card
from ml.evaluation.paired import Run, StoredRuns, compare
from ml.evaluation.predictions import Predictions
from ml.evaluation.repeated import Repetition, evaluate_folds
from ml.evaluation.store import add_figures, read_figures, save_beside, write_figures
from ml.evaluation.stress_table import CLIP
from ml.evaluation.tables import decisions, ranking, without_nan
from tests.ml.evaluation.tiny import SpyMember, TinyCorpus, study
from tests.ml.inference.tiny_model import write_tiny_model


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


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    """Every section, of two fake members on a corpus without sound."""
    corpus = TinyCorpus()
    members = [SpyMember(noise=0.5), SpyMember("other", gain={"e": -1.0}, noise=1.0)]
    own = study(corpus, members, tmp_path_factory.mktemp("work"), shares=(2.0, 1.0))
    repetitions = [Repetition(0, 0), Repetition(1, 0)]
    folds, outcomes = evaluate_folds(own, repetitions, replicates=20)
    lodo, decided = evaluate_lodo(own, seed=0, nested=True, replicates=20)
    runs = (Run(0, 0, decided.predictions),)
    compared = compare(
        StoredRuns("heart", "lodo", {}, runs), StoredRuns("opsfusion", "lodo", {}, runs), replicates=5
    )
    row = {
        "auc": {"a": 0.62, "e": 0.9},
        "macro_auc_abdf": 0.612,
        "pooled_auc": 0.7,
        "se": 0.5,
        "sp": 0.6,
        "macc": 0.55,
        "three_way_macc": 0.52,
        "coverage": 0.9,
        "shift": -0.254,
        "shift_normal": 0.1,
        "shift_abnormal": -0.3,
        "interval_95": {"macro_abdf": [0.5, 0.7]},
    }
    stress = {"what": "made up", "n": 5, "n_subjects": 3, "n_by_database": {"a": 3, "e": 2}, "seed": 0}
    stress |= {"code_version": "abc", "rows": {"unchanged": row, "8 bit": row | {"macro_auc_abdf": 0.487}}}
    half = {"recordings": 9, "rate_within_5_bpm": 0.98, "rate_silent": 0.01, "rate_halved": 0.0}
    half |= {"rate_doubled": 0.0, "s1_sensitivity": 0.973, "s1_ppv": 0.977}
    return {
        "folds": folds,
        "lodo": lodo,
        "without_e": evaluate_without(own, "e", repetitions[:1], replicates=20),
        "comparisons": {"lodo: heart against opsfusion": compared},
        "stress": stress,
        "short_clips": stress | {"rows": {"whole recording": row, CLIP: row}, "recordings_read": 5},
        "segmentation": {"left_out_by_ecg": 2, "first_on_second": half, "second_on_first": half},
        "predictions": outcomes[0].decided["balanced"].predictions,
    }


@pytest.fixture
def model_dir(tmp_path, figures):
    directory = tmp_path / "model"
    directory.mkdir()
    write_tiny_model(
        directory, parity={"tiny": {"onnx": {"max_abs_dp": 2e-7, "n_inputs": 9, "inputs": "files"}}}
    )
    stored = dict(figures)
    stored.pop("predictions").save(directory / "predictions.json")
    write_figures(directory / "evaluation.json", stored)
    write_figures(directory / "baseline.json", {"folds": figures["folds"], "lodo": figures["lodo"]})
    return directory


PLOTS = ("roc", "reliability", "risk-coverage", "auc-by-database", "calls-by-database", "confusion", "stress")


def test_the_card_repeats_the_stored_figures(model_dir, figures, tmp_path):
    text = write_model_card(model_dir, tmp_path / "docs" / "card.md").read_text()
    for section in (figures["folds"], figures["lodo"]):
        assert f"{section['ranking']['macro_auc_abdf']:.3f}" in text
        pooled = section["operating_points"]["balanced"]["groups"]["pooled"]
        for value in (pooled["forced"]["macc"], pooled["three_way"]["macc"], pooled["brier"], pooled["ece"]):
            assert f"{value:.3f}" in text
        assert f"{pooled['forced']['challenge']['macc']:.3f}" in text
    unsure = figures["lodo"]["operating_points"]["balanced"]["groups"]["d"]["three_way"]
    assert f"{unsure['unsure_usable']:.3f}" in text
    assert "accuracy on phones is not established" in text
    assert "not an audible finding" in text
    assert "heart-cycle model was fitted on the sounds of training-a" in " ".join(text.split())


def test_the_headline_is_the_mean_over_all_deals_of_subjects(model_dir, figures, tmp_path):
    deals = [own["figures"]["macro_auc_abdf"] for own in figures["folds"]["repetitions"]]
    assert deals[0] != pytest.approx(deals[1], abs=0.001)
    text = write_model_card(model_dir, tmp_path / "card.md").read_text()
    assert f"macro AUC over a, b, d, f | {np.mean(deals):.3f} |" in text


def test_every_section_of_the_protocol_is_in_the_card(model_dir, tmp_path):
    text = write_model_card(model_dir, tmp_path / "card.md").read_text()
    titles = [line.lstrip("# ") for line in text.splitlines() if line.startswith("## ")]
    assert titles == [
        "At a glance",
        "What it is for",
        "What it learnt from",
        "What it is not",
        "How to read the tables",
        "Subjects it had not heard",
        "Databases it had not heard",
        "Trained without e",
        "The baseline: preset `opsfusion`",
        "Against other models, in pairs",
        "What a phone might do to the sound",
        "Short clips",
        "Heart rate and S1 against the ECG of database a",
        "Signal quality",
        "What these figures leave open",
        "Exported files",
        "Where the figures come from",
    ]


def test_every_plot_is_drawn_and_shown_once_and_knows_dark_pages(model_dir, tmp_path):
    text = write_model_card(model_dir, tmp_path / "docs" / "card.md").read_text()
    for name in PLOTS:
        drawn = (tmp_path / "docs" / "model-card" / f"{name}.svg").read_text()
        assert drawn.startswith("<?xml")
        assert "prefers-color-scheme: dark" in drawn
        assert "#000000" not in drawn
        assert text.count(f"model-card/{name}.svg") == 1


def test_tables_have_as_many_cells_as_their_heads(model_dir, tmp_path):
    text = write_model_card(model_dir, tmp_path / "card.md").read_text()
    tables = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) > 15
    for table in tables:
        assert len({line.count("|") for line in table}) == 1


def test_the_card_and_its_plots_are_the_same_each_time(model_dir, tmp_path):
    first = write_model_card(model_dir, tmp_path / "1" / "card.md")
    second = write_model_card(model_dir, tmp_path / "2" / "card.md")
    assert first.read_bytes() == second.read_bytes()
    for name in PLOTS:
        one, other = (tmp_path / number / "model-card" / f"{name}.svg" for number in "12")
        assert one.read_bytes() == other.read_bytes()


def test_a_section_without_figures_is_left_out(model_dir, tmp_path):
    (model_dir / "baseline.json").unlink()
    (model_dir / "predictions.json").unlink()
    write_figures(model_dir / "evaluation.json", {})
    text = write_model_card(model_dir, tmp_path / "card.md").read_text()
    for title in (
        "At a glance",
        "Subjects it had not",
        "Databases it",
        "The baseline",
        "Short clips",
        "Heart rate",
    ):
        assert f"## {title}" not in text
    assert "nan" not in text


def test_a_line_of_the_stress_table(model_dir, tmp_path):
    text = write_model_card(model_dir, tmp_path / "card.md").read_text()
    assert (
        "| 8 bit | 0.487 | 0.500 to 0.700 | 0.700 | 0.500 | 0.600 | 0.550 | 0.520 | 0.900 | -0.25 |" in text
    )


def test_the_terminal_shows_the_same_figures_in_straight_columns(figures):
    texts = [
        report.folds_text(figures["folds"]),
        report.lodo_text(figures["lodo"]),
        report.without_text(figures["without_e"]),
        report.stress_text(figures["stress"]),
        report.comparison_text(figures["comparisons"]["lodo: heart against opsfusion"]),
        report.segmentation_text(figures["segmentation"]),
    ]
    assert f"{figures['lodo']['ranking']['mean_auc_abcdf']:.3f}" in texts[1]
    for text in texts:
        lines = text.splitlines()
        rules = [place for place, line in enumerate(lines) if set(line.strip()) <= {"─", " "} and "─" in line]
        assert rules
        for place in rules:
            ends = [
                end
                for end, mark in enumerate(lines[place] + " ")
                if mark == " " and lines[place][end - 1] == "─"
            ]
            for line in (lines[place - 1], lines[place + 1]):
                # Every column but the first ends where its rule ends.
                assert all(end == len(line) or line[end : end + 1] in (" ", "") for end in ends)


def test_another_presets_figures_become_the_baselines(model_dir):
    assert save_beside(model_dir, {"lodo": {"x": 1}}, preset="opsfusion").name == "baseline.json"
    assert save_beside(model_dir, {"stress": {"x": 2}}, preset="tiny").name == "evaluation.json"
    assert save_beside(model_dir, {"readings": {"x": 3}}, preset="heart").name == "evaluation.json"
    assert read_figures(model_dir)["stress"] == {"x": 2}
    assert read_figures(model_dir, "baseline.json")["lodo"] == {"x": 1}
    add_figures(model_dir, {"comparisons": {"one": 1}})
    add_figures(model_dir, {"comparisons": {"two": 2}})
    assert {"one", "two"} < read_figures(model_dir)["comparisons"].keys()


def test_adding_figures_keeps_the_others(tmp_path):
    write_figures(tmp_path / "evaluation.json", {"a": 1, "b": {"c": float("nan")}})
    add_figures(tmp_path, {"b": 2})
    assert read_figures(tmp_path) == {"a": 1, "b": 2}
    assert read_figures(tmp_path / "nothing") == {}


def test_undefined_figures_are_null():
    assert json.dumps(without_nan({"x": [float("nan"), (1.5, None)]})) == '{"x": [null, [1.5, null]]}'


def test_the_report_of_a_folder_says_what_could_not_be_read(figures):
    section = {
        "model": {"name": "heart", "version": "1"},
        "ranking": figures["folds"]["ranking"],
        "by_subject": figures["folds"]["by_subject"],
        "seed": 0,
        "operating_points": {
            "balanced": {"threshold": 0.31, "unsure_band": [0.3, 0.32]}
            | figures["folds"]["operating_points"]["balanced"]
        },
        "unreadable": {"a0001": "audio.empty"},
        "heart_rate": {},
    }
    text = report.readings_text(section)
    assert "abnormal from p = 0.310, unsure 0.300 to 0.320" in text
    assert "1 recordings could not be read" in text


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
