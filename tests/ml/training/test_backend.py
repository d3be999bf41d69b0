"""What the devices of a machine allow, and the same training on the other backend and on two devices."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ml.training.backend import BackendMissingError, Device, prepare_backend, setup_for, shares, spread_over

ROOT = Path(__file__).resolve().parents[3]
FAST, OLD = Device("gpu:0", (9, 0)), Device("gpu:0", (7, 5))
needs_jax = pytest.mark.skipif(
    importlib.util.find_spec("jax") is None,
    reason="JAX is absent, KERAS_BACKEND=jax is not tested: pip install -r requirements-dev.txt to test it",
)


def test_a_processor_computes_in_32_bits_alone():
    assert setup_for("jax", []) == setup_for("tensorflow", [])
    assert setup_for("jax", []).precision == "float32"
    assert setup_for("jax", []).spread_over == ()


def test_a_card_that_is_fast_in_bfloat16_computes_in_it():
    assert setup_for("tensorflow", [FAST]).precision == "mixed_bfloat16"
    assert setup_for("tensorflow", [OLD]).precision == "float32"
    assert setup_for("jax", [FAST, OLD]).precision == "float32"
    assert setup_for("jax", [Device("gpu:0")]).precision == "float32"


def test_several_cards_share_a_batch_on_jax_and_tensorflow_says_that_it_uses_one():
    cards = [FAST, Device("gpu:1", (9, 0))]
    assert setup_for("jax", cards).spread_over == ("gpu:0", "gpu:1")
    assert setup_for("jax", cards).note == ""
    one = setup_for("tensorflow", cards)
    assert one.spread_over == ()
    assert "first of 2 GPUs" in one.note


def test_a_batch_is_cut_to_equal_parts():
    from ml.training.step import _divisible

    assert _divisible(7) == 7
    spread_over(["gpu:0", "gpu:1", "gpu:2"])
    try:
        assert shares() == 3
        assert [_divisible(n) for n in (9, 8, 2)] == [9, 6, 2]
    finally:
        spread_over([])
    spread_over(["gpu:0"])
    assert shares() == 1


def test_an_unknown_backend_is_named(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "abacus")
    with pytest.raises(BackendMissingError, match="KERAS_BACKEND=abacus"):
        prepare_backend(seed=0)


def test_an_absent_backend_says_how_to_get_it(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(BackendMissingError, match=r"jax\[cuda12\]"):
        prepare_backend(seed=0)


def run(arguments, *, backend, **environment):
    result = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return result.stdout


@needs_jax
@pytest.mark.training
def test_the_loop_holds_on_jax():
    """Resume after an interrupt and after a kill to the same weights, with a moving average."""
    chosen = "True or killed_training"
    out = run(
        ["-m", "pytest", "-q", "-x", "tests/ml/training/test_loop.py", "-k", chosen],
        backend="jax",
    )
    assert "3 passed" in out


@needs_jax
@pytest.mark.training
def test_two_devices_share_a_batch_and_give_the_weights_of_one(tmp_path):
    script = (
        "import sys, numpy as np\n"
        "from pathlib import Path\n"
        "from ml.training.backend import spread_over\n"
        "from tests.ml.training.test_loop import Numbers, train, weights_of\n"
        "class Uneven(Numbers):\n"
        "    def batch(self, epoch, step):\n"
        "        x, y = super().batch(epoch, step)\n"
        "        return (x[:7], y[:7]) if step == 4 and len(sys.argv) > 2 else (x, y)\n"
        "import jax\n"
        "assert len(jax.devices()) == 2\n"
        "out = Path(sys.argv[1])\n"
        "one = train(out / 'one')\n"
        "spread_over(['cpu:0', 'cpu:1'])\n"
        "two = train(out / 'two')\n"
        "kernel = two.model.trainable_variables[0].value\n"
        "assert len(kernel.sharding.device_set) == 2, kernel.sharding\n"
        "for a, b in zip(weights_of(one), weights_of(two), strict=True):\n"
        "    assert np.allclose(a, b, atol=1e-5), np.abs(a - b).max()\n"
        "assert two.model.predict_on_batch(np.ones((3, 4), np.float32)).shape == (3, 1)\n"
        "sys.argv.append('uneven')\n"
        "train(out / 'uneven', batches=Uneven())\n"
        "again = train(out / 'two', resume=True)\n"
        "assert all(np.array_equal(a, b) for a, b in zip(weights_of(two), weights_of(again), strict=True))\n"
        "print('equal')\n"
    )
    out = run(
        ["-c", script, str(tmp_path)],
        backend="jax",
        XLA_FLAGS="--xla_force_host_platform_device_count=2",
        DJANGO_SETTINGS_MODULE="tests.settings",
    )
    assert out.strip().endswith("equal")


@needs_jax
@pytest.mark.training
def test_the_same_command_trains_on_jax_and_its_model_reads_on_tensorflow(prepared_opsfusion, tmp_path):
    command = ["manage.py", "train_model", "--dataset", str(prepared_opsfusion), "--out", str(tmp_path / "m")]
    assert "on jax" in run([*command, "--epochs", "1"], backend="jax")
    out = run(
        [
            "-c",
            "import sys, keras, numpy as np\n"
            "model = keras.saving.load_model(sys.argv[1])\n"
            "print(keras.backend.backend(), np.isfinite(model(np.zeros((1, 128, 157, 1)))).all())",
            str(tmp_path / "m" / "model.keras"),
        ],
        backend="tensorflow",
    )
    assert out.strip().endswith("tensorflow True")
    assert np.isfinite((tmp_path / "m" / "training_log.json").stat().st_size)


@pytest.fixture(scope="module")
def networks(prepared_heart, tmp_path_factory):
    """What the ensemble's networks come to on each backend, from the same weights and the same batches."""
    out = tmp_path_factory.mktemp("networks")
    return {
        backend: json.loads(
            run(
                ["-m", "tests.ml.training.tiny_members", str(prepared_heart), str(out)],
                backend=backend,
                DJANGO_SETTINGS_MODULE="tests.settings",
            ).splitlines()[-1]
        )
        for backend in ("tensorflow", "jax")
    }


@needs_jax
@pytest.mark.training
@pytest.mark.parametrize("network", ["beat_cnn", "mel_cnn"])
def test_both_backends_take_the_ensembles_networks_to_the_same_place(networks, network):
    ours, theirs = networks["jax"][network], networks["tensorflow"][network]
    assert ours["losses"][0] == pytest.approx(theirs["losses"][0], rel=1e-4)
    assert ours["losses"] == pytest.approx(theirs["losses"], rel=2e-2)
    assert ours["logits"] == pytest.approx(theirs["logits"], abs=0.05)


@needs_jax
@pytest.mark.training
@pytest.mark.parametrize("network", ["beat_cnn", "mel_cnn"])
def test_jax_compiles_a_networks_step_once(networks, network):
    compiled = networks["jax"][network]["compiled"]
    assert compiled[0] > 0
    assert compiled[-1] == compiled[-3]
    assert compiled[2] == compiled[1]


@needs_jax
@pytest.mark.training
def test_jax_does_not_compile_anew_for_each_length_of_a_sound(networks):
    assert networks["jax"]["compiled_for_sounds"] <= 2
