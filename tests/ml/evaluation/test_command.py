"""evaluate_model: what it asks for, keeps and prints. Members are fakes; the software itself is tested elsewhere."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import BaseCommand, CommandError, call_command, load_command_class

from ml.evaluation import runs
from tests.ml.evaluation.tiny import SpyMember, TinyCorpus, study
from tests.ml.inference.tiny_model import write_tiny_model


@pytest.fixture
def spy():
    return SpyMember(noise=0.5)


@pytest.fixture
def evaluate(monkeypatch, tmp_path, spy):
    """Run the command on a corpus without sound; returns what it printed."""

    def open_study(wanted, report):
        own = study(TinyCorpus(), [spy], tmp_path / "work")
        return type(own)(**{**vars(own), "report": report, "preset_name": wanted.preset})

    monkeypatch.setattr(runs, "open_study", open_study)

    def run(*arguments):
        out, error = StringIO(), StringIO()
        call_command("evaluate_model", *arguments, "--replicates", "20", stdout=out, stderr=error)
        return out.getvalue(), error.getvalue()

    return run


def test_nested_lodo_prints_keeps_and_says_how_long(evaluate, tmp_path):
    out, error = evaluate("--lodo", "--nested", "--json", str(tmp_path / "f.json"))
    assert "Databases not heard" in out
    assert "mean a, b, c, d, f" in out
    assert "[ 1/21] spy, without-a: learns from 200 recordings, judges 40" in error
    assert "left about" in error
    assert json.loads((tmp_path / "f.json").read_text())["lodo"]["nested"]


def test_folds_over_seeds_and_their_predictions_are_compared(evaluate, tmp_path):
    one, other = str(tmp_path / "one.json"), str(tmp_path / "other.json")
    out, _ = evaluate("--folds", "--fold-seeds", "0,1", "--seeds", "0,1", "--predictions", one)
    assert "Subjects not heard" in out
    evaluate("--folds", "--fold-seeds", "1", "--predictions", other, "--preset", "opsfusion")
    out, _ = evaluate("--compare", one, other, "--json", str(tmp_path / "c.json"))
    assert "heart against opsfusion, folds" in out
    (result,) = json.loads((tmp_path / "c.json").read_text())["comparisons"].values()
    assert result["repetitions"] == 1
    assert result["differences"]["macro_abdf"]["difference"] == 0


def test_figures_are_kept_beside_the_model_and_the_baselines_beside_them(evaluate, tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    write_tiny_model(model, name="heart")
    evaluate("--without", "e", "--save", "--model", str(model))
    evaluate("--folds", "--save", "--model", str(model), "--preset", "opsfusion")
    assert "without_e" in json.loads((model / "evaluation.json").read_text())
    assert "folds" in json.loads((model / "baseline.json").read_text())
    out, _ = evaluate("--card", str(tmp_path / "card.md"), "--model", str(model))
    assert "Written" in out
    assert "## Trained without e" in (tmp_path / "card.md").read_text()


def test_an_interrupt_says_how_to_go_on(evaluate, spy):
    spy.stop_after = 3
    with pytest.raises(CommandError, match="the same command goes on"):
        evaluate("--lodo")
    spy.stop_after = None
    _, error = evaluate("--lodo")
    assert "3 of 6 trainings are stored; 3 to go" in error


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "--data is missing"),
        (("--segmentation",), "--data is missing"),
        (("--folds", "--lodo", "--predictions", "x.json"), "one of --folds and --lodo"),
        (("--lodo", "--members", "phase_trees", "--save"), "--members go to --json"),
        (("--compare", "absent.json", "absent.json"), "no held-out predictions"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(evaluate, arguments, reason):
    with pytest.raises(CommandError, match=reason):
        evaluate(*arguments)


def test_every_option_is_explained():
    parser = load_command_class("ml", "evaluate_model").create_parser("manage.py", "evaluate_model")
    django = {action.dest for action in BaseCommand().create_parser("manage.py", "x")._actions}
    own = [action.option_strings[0] for action in parser._actions if action.dest not in django]
    text = (Path(__file__).resolve().parents[3] / "docs" / "evaluation.md").read_text(encoding="utf-8")
    assert len(own) > 15
    assert [option for option in own if option not in text] == []
