"""What importing the package must not bring into a process."""

import subprocess
import sys

import pytest

HEAVY = ("tensorflow", "keras", "librosa", "sklearn", "django")


def modules_after(statement):
    code = f"import sys\n{statement}\nprint('\\n'.join(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in result.stdout.split()}


@pytest.mark.parametrize(
    "statement",
    [
        "import ml.inference, ml.inference.wording, ml.inference.reading, ml.inference.artefact, ml.inference.session",
        "import ml.dsp.quality, ml.dsp.cleaning",
    ],
)
def test_what_the_web_process_imports_is_numpy_at_most(statement):
    found = modules_after(statement)
    assert not found & {*HEAVY, "scipy", "onnxruntime", "soundfile"}


def test_the_worker_s_road_has_no_training_libraries(tiny_dir):
    found = modules_after(
        "import numpy as np\nfrom pathlib import Path\nfrom ml.inference import load_predictor\n"
        f"load_predictor(Path({str(tiny_dir)!r})).read(np.random.default_rng(0).standard_normal(20000), 2000)"
    )
    assert not found & set(HEAVY)
    assert "onnxruntime" in found
