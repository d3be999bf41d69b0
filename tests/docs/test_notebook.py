"""The notebook runs from top to bottom on the committed recordings and the committed model."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "docs" / "notebooks" / "explore.ipynb"
CELL_TIMEOUT_S = 300


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        patched.setenv("OMP_NUM_THREADS", "1")
        client = NotebookClient(
            notebook,
            timeout=CELL_TIMEOUT_S,
            kernel_name="python3",
            resources={"metadata": {"path": str(NOTEBOOK.parent)}},
        )
        return client.execute()


def outputs_of(notebook, kind: str) -> list:
    return [
        output for cell in notebook.cells for output in cell.get("outputs", []) if output.output_type == kind
    ]


def printed(notebook) -> str:
    return "".join(output.text for output in outputs_of(notebook, "stream") if output.name == "stdout")


def test_every_cell_runs_without_a_warning(executed):
    complaints = [output.text for output in outputs_of(executed, "stream") if output.name == "stderr"]
    assert complaints == []


def test_it_draws_sound_spectrum_beats_average_beat_gauge_and_explanation(executed):
    figures = [output for output in outputs_of(executed, "display_data") if "image/png" in output.data]
    assert len(figures) == 7


def test_it_says_what_the_model_read_and_why(executed):
    text = printed(executed)
    assert re.search(r"^(Normal|Abnormal|Unsure)\. ", text, re.MULTILINE)
    assert "published label: abnormal" in text
    assert "beats a minute" in text
    assert "150-500 Hz" in text
    assert len(re.findall(r"^[a-f]\d{4,5} +(?:normal|abnormal) ", text, re.MULTILINE)) == 12


def test_noise_makes_it_unusable(executed):
    lines = [line for line in printed(executed).splitlines() if "usable:" in line]
    assert "usable: True" in lines[0]
    assert "usable: False" in lines[1]


def test_it_is_committed_without_outputs_and_without_a_path_of_somebodys_disk():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert all(
        not cell.outputs and cell.execution_count is None
        for cell in notebook.cells
        if cell.cell_type == "code"
    )
    assert not re.search(
        r"""["'(\s](/|~/|[A-Z]:\\\\)[a-z]+/""", "\n".join(cell.source for cell in notebook.cells)
    )
