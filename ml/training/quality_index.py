"""Fits and judges the signal-quality index: `python -m ml.training.quality_index --data DIR`.

Both models are judged by subject-wise folds, by leaving databases and families of other sounds out, and on changed
recordings, before they are refitted on everything. `--rows FILE` keeps the table of numbers, which takes nearly all of
the time, for another fit.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path

import numpy as np

from ml.dsp.quality import PARAMETERS_FILE
from ml.dsp.signal_path import signal_path
from ml.training.quality_judged import judge
from ml.training.quality_models import export
from ml.training.quality_rows import make_rows


def main() -> None:
    """Fit, judge, print and store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with subjects.csv and training-a..f")
    parser.add_argument("--out", type=Path, default=PARAMETERS_FILE)
    parser.add_argument("--rows", type=Path, help="npz file that keeps the table of numbers between fits")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    names, rows = make_rows(arguments.data, arguments.seed, arguments.rows)
    index, judged = judge(names, rows, arguments.seed)
    whole = rows.where(rows.kind == "whole")
    stored = {
        "clear": export(index.clear, names),
        "heart": export(index.heart, names),
        "judged": judged,
        "provenance": {
            "data": "PhysioNet/CinC 2016 training-a..f, REFERENCE-SQI",
            "n_recordings": len(whole),
            "n_subjects": len(np.unique(whole.subject)),
            "n_clips": len(rows),
            "segmentation_sha256": signal_path()["segmentation_sha256"],
            "seed": arguments.seed,
            "code_version": _code_version(),
        },
    }
    arguments.out.write_text(json.dumps(stored, separators=(",", ":")) + "\n", encoding="utf-8")
    print(json.dumps(judged, indent=2))
    print(f"wrote {arguments.out} ({arguments.out.stat().st_size / 1024:.0f} KiB)")


def _code_version() -> str:
    result = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return result.stdout.strip() or "unknown"


if __name__ == "__main__":
    main()
