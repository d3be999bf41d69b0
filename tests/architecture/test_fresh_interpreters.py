"""What a fresh interpreter has loaded: the web process stays small, the signal functions stay pure."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from tests.architecture.sources import ROOT
from tests.ml.inference.sounds import heartbeat


def loaded_after(code: str, data_dir) -> set[str]:
    """Top-level names in sys.modules after `code` ran in a new interpreter."""
    script = (
        f"import json, sys\n{code}\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    )
    environment = {**os.environ, "HEARTSITE_DATA_DIR": str(data_dir), "PYTHONWARNINGS": "ignore"}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return set(json.loads(result.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "code",
    [
        "import heartsite.asgi",
        "import heartsite.asgi, heartsite.serving.server, heartsite.serving.worker\n"
        "from django.urls import get_resolver; get_resolver().url_patterns",
    ],
    ids=["asgi", "asgi, server and every page"],
)
def test_the_web_process_loads_no_training_and_no_scipy(code, tmp_path):
    loaded = loaded_after(code, tmp_path)
    assert "django" in loaded
    assert not loaded & {
        "tensorflow",
        "keras",
        "librosa",
        "scipy",
        "pandas",
        "sklearn",
        "onnxruntime",
        "matplotlib",
    }


def test_live_signal_functions_load_numpy_alone(tmp_path):
    loaded = loaded_after("import ml.dsp", tmp_path)
    assert not loaded & {"django", "scipy", "tensorflow", "keras", "librosa"}


def test_the_predictor_needs_neither_django_nor_tensorflow(tmp_path):
    loaded = loaded_after("import ml.inference", tmp_path)
    assert not loaded & {"django", "scipy", "tensorflow", "keras", "librosa", "onnxruntime"}


def test_a_whole_reading_needs_no_scipy(tmp_path):
    """With the released model, from a file at a phone's rate to the evidence that a page shows."""
    path = tmp_path / "take.wav"
    samples = np.random.default_rng(0).normal(0, 0.05, 6 * 8000) + heartbeat(6, 8000, 72)[0]
    soundfile.write(path, samples, 8000)
    code = (
        "from ml.dsp.io import load_audio\nfrom ml.inference import load_predictor\n"
        f"print(load_predictor().read(*load_audio({str(path)!r})).label)"
    )
    loaded = loaded_after(code, tmp_path)
    assert "onnxruntime" in loaded
    assert not loaded & {"scipy", "pandas", "sklearn", "tensorflow", "keras", "librosa", "django"}


def test_the_decoder_child_loads_no_django(tmp_path):
    loaded = loaded_after("import recordings.decoding.child", tmp_path)
    assert not loaded & {"django", "scipy", "tensorflow"}
