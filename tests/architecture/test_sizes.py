"""No file grows into a chapter."""

from __future__ import annotations

from tests.architecture.sources import ROOT, python_files

MOST_LINES = 500


def test_no_source_file_is_over_500_lines():
    files = [
        *python_files(),
        *python_files("tests"),
        *(ROOT / "static" / "js").rglob("*.js"),
        *(ROOT / "static" / "css").rglob("*.css"),
        *(ROOT / "templates").rglob("*.html"),
    ]
    long = {
        str(path.relative_to(ROOT)): count
        for path in files
        if "migrations" not in path.parts
        and (count := len(path.read_text(encoding="utf-8").splitlines())) > MOST_LINES
    }
    assert not long
