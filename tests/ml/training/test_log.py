"""What a training cost: written per fit, kept over a resume, with the GPU's use where nvidia-smi answers."""

import json

import numpy as np
import pytest

from ml.training.backend import Backend
from ml.training.gpu_use import GpuUse, watched_gpus
from ml.training.log import TimedMember, TrainingLog
from ml.training.meter import counted_step, counted_wait, metering

BACKEND = Backend("tensorflow", "2", "3", ("cpu",), "float32")


class Member:
    name = "net"
    kind = "test"
    settings = {"depth": 1}

    def fit(self, corpus, indices, *, seed, work_dir, report):
        for _ in range(3):
            with counted_wait(), counted_step(10):
                pass
        return "fitted"


def make_log(tmp_path, **changes):
    clock = iter(range(100))
    return TrainingLog(
        tmp_path / "training_log.json", BACKEND, **{"resume": False, "clock": lambda: next(clock), **changes}
    )


def fit(log, tmp_path, fold):
    member = TimedMember(Member(), log)
    assert (member.name, member.kind, member.settings) == ("net", "test", {"depth": 1})
    return member.fit(None, np.arange(7), seed=0, work_dir=tmp_path / fold, report=print)


def test_each_fit_is_written_and_a_resumed_training_adds_to_them(tmp_path):
    log = make_log(tmp_path)
    assert fit(log, tmp_path, "fold-0") == "fitted"
    again = make_log(tmp_path, resume=True)
    fit(again, tmp_path, "fold-1")
    stored = json.loads((tmp_path / "training_log.json").read_text())
    assert stored["backend"]["precision"] == "float32"
    assert [(entry["what"], entry["part"], entry["wall_s"]) for entry in stored["fits"]] == [
        ("net", "fold-0", 1),
        ("net", "fold-1", 1),
    ]
    first = stored["fits"][0]
    assert (first["recordings"], first["steps"], first["windows"]) == (7, 3, 30)
    assert first["windows_per_s"] > 0
    assert first["peak_memory_mb"] > 1
    assert "net: 2 x, 2 s" in again.summary()
    fresh = make_log(tmp_path)
    assert fresh.summary() == ""


def test_a_fit_that_fails_is_not_written(tmp_path):
    log = make_log(tmp_path)
    with pytest.raises(ValueError, match="stop"), log.timed("net", "fold-0", 3):
        raise ValueError("stop")
    assert not (tmp_path / "training_log.json").exists()


def test_the_first_step_is_not_timed_since_it_compiles():
    with metering() as meter:
        for _ in range(2):
            with counted_step(4):
                pass
    assert (meter.steps, meter.examples, meter.timed) == (2, 8, 4)
    with metering() as other:
        pass
    assert other.examples_per_s is None
    assert other.waiting_share is None


@pytest.fixture
def card(tmp_path, monkeypatch):
    """An nvidia-smi that knows two cards."""
    command = tmp_path / "nvidia-smi"
    command.write_text("#!/bin/sh\necho 'H, 200, 40, 1000'\necho 'H200, 60, 3000'\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return str(command)


def test_a_card_s_use_is_its_mean_and_its_most(card, tmp_path):
    found = GpuUse()
    assert found.sample(card)
    assert found.sample(card)
    assert found.summary() == {
        "0: H, 200": {"utilisation_mean": 40.0, "memory_mb_max": 1000.0, "samples": 2},
        "1: H200": {"utilisation_mean": 60.0, "memory_mb_max": 3000.0, "samples": 2},
    }


def test_a_fit_s_entry_names_the_cards(card, tmp_path):
    log = make_log(tmp_path)
    fit(log, tmp_path, "fold-0")
    entry = json.loads((tmp_path / "training_log.json").read_text())["fits"][0]
    assert entry["gpus"]["1: H200"]["utilisation_mean"] == 60
    assert "GPU 50 % used" in log.summary()


def test_no_answer_is_no_figure(tmp_path, monkeypatch):
    broken = tmp_path / "nvidia-smi"
    broken.write_text("#!/bin/sh\necho 'No devices were found'\nexit 9\n")
    broken.chmod(0o755)
    assert not GpuUse().sample(str(broken))
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with watched_gpus() as found:
        pass
    assert found.summary() == {}
