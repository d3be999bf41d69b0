"""train_model says what is wrong in one sentence, on a line of its own, and ends with an error."""

import io

import pytest
from django.core.management import CommandError, call_command

from ml.training import run
from ml.training.backend import Backend


@pytest.fixture
def train(prepared_heart, tmp_path, monkeypatch):
    """Call the command with a training that writes a progress line and then fails with an error."""

    def call(error, **options):
        def fail(*_, report, **__):
            report("\repoch 1/2 step 3")
            raise error

        monkeypatch.setattr(run, "train_ensemble", fail)
        err = io.StringIO()
        try:
            call_command("train_model", dataset=prepared_heart, out=tmp_path / "m", stderr=err, **options)
        finally:
            call.written = err.getvalue()

    monkeypatch.setattr(
        "ml.training.backend.prepare_backend",
        lambda **_: Backend("tensorflow", "2", "3", ("cpu",), "float32"),
    )
    return call


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (KeyboardInterrupt(), "Stopped. What was finished is in .*--resume"),
        (MemoryError(), "too little memory for this training"),
        (OSError(28, "No space left on device"), "No space left on device.*--resume"),
    ],
)
def test_an_end_is_a_sentence_on_its_own_line(train, error, sentence):
    with pytest.raises(CommandError, match=sentence):
        train(error)
    assert train.written.endswith("step 3\n")


def test_what_nobody_foresaw_keeps_its_traceback(train):
    with pytest.raises(ZeroDivisionError):
        train(ZeroDivisionError())


def test_mistakes_in_the_options_are_named(train, tmp_path):
    with pytest.raises(CommandError, match="--precision int4 is not known; use float32 or mixed_bfloat16"):
        train(None, precision="int4")
    with pytest.raises(CommandError, match="prepare_dataset --preset opsfusion"):
        train(None, preset="opsfusion")
    with pytest.raises(CommandError, match="There is no preset 'harp'"):
        train(None, preset="harp")
