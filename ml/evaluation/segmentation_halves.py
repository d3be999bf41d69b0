"""Fits the segmentation on half of training-a's subjects, judges it on the other half, both ways.

    python -m ml.evaluation.segmentation_halves --data DIR [--json FILE] [--write-parameters]

DIR holds training-a, training-a-ecg and subjects.csv. The judgement (S1 against R peaks, heart rate against the median
R-R interval; EVALUATION's rule) is printed and, with --json, stored; with --write-parameters the fit on everybody
becomes the software's own.
"""

import argparse
import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from ml.data.physionet import DatasetError, read_recordings
from ml.dsp.ecg import RPeaks
from ml.dsp.heart_rate import rate_from_segmentation
from ml.dsp.segmentation import PARAMETERS_FILE, Parameters, segment
from ml.dsp.segmentation_training import fit, label
from ml.evaluation.heart_rate import RATE_TOLERANCE_BPM, match_s1, reliable_peaks
from ml.training.metadata import code_version

FS_HZ = 2000


@dataclass(frozen=True)
class WithEcg:
    samples: NDArray[np.float64]
    peaks: RPeaks
    subject_id: str


def load(data_root: Path) -> tuple[dict[str, WithEcg], int]:
    """Recordings whose ECG is a reliable reference, by file name, and how many were left out, by the ECG alone."""
    with (data_root / "subjects.csv").open(newline="", encoding="utf-8") as file:
        subjects = {row["record"]: row["subject_id"] for row in csv.DictReader(file)}
    found, left_out = {}, 0
    for path in sorted((data_root / "training-a-ecg").glob("*.flac")):
        peaks = reliable_peaks(path)
        if peaks is None:
            left_out += 1
            continue
        samples, _ = soundfile.read(data_root / "training-a" / path.name)
        found[path.stem] = WithEcg(samples, peaks, subjects[path.stem])
    return found, left_out


def judge(recordings: Mapping[str, WithEcg], parameters: Parameters) -> dict[str, Any]:
    """Sensitivity and PPV of S1, and the share of heart rates within 5/min, over all the recordings together."""
    matched = reported = expected = close = silent = halved = doubled = 0
    for item in recordings.values():
        segmentation = segment(item.samples, FS_HZ, parameters)
        s1 = match_s1(segmentation.s1_times_s, item.peaks.times_s)
        matched, reported, expected = matched + s1.matched, reported + s1.reported, expected + s1.expected
        reference_bpm = 60 / float(np.median(item.peaks.intervals_s))
        bpm = rate_from_segmentation(segmentation).bpm
        if bpm is None:
            silent += 1
            continue
        close += abs(bpm - reference_bpm) <= RATE_TOLERANCE_BPM
        halved += abs(2 * bpm / reference_bpm - 1) < 0.1
        doubled += abs(bpm / (2 * reference_bpm) - 1) < 0.1
    n = len(recordings)
    return {
        "recordings": n,
        "subjects": len({item.subject_id for item in recordings.values()}),
        "s1_expected": expected,
        "s1_sensitivity": round(matched / expected, 4),
        "s1_ppv": round(matched / reported, 4),
        "rate_within_5_bpm": round(close / n, 4),
        "rate_silent": round(silent / n, 4),
        "rate_halved": round(halved / n, 4),
        "rate_doubled": round(doubled / n, 4),
    }


def halves(recordings: Mapping[str, WithEcg]) -> tuple[dict[str, WithEcg], dict[str, WithEcg]]:
    """Every other subject id, in alphabetical order, on either side."""
    first = set(sorted({item.subject_id for item in recordings.values()})[::2])
    return (
        {name: item for name, item in recordings.items() if item.subject_id in first},
        {name: item for name, item in recordings.items() if item.subject_id not in first},
    )


def judge_halves(data_dir: Path, *, seed: int, write_parameters: bool = False) -> dict[str, Any]:
    """Fit on either half of the subjects, judge on the other; with `write_parameters` keep a fit on everybody."""
    recordings, left_out = load(read_recordings(data_dir)[0].path.parent.parent)
    if not recordings:
        raise DatasetError(f"{data_dir} has no ECG beside training-a to judge the segmentation by.")
    labelled = {name: label(item.samples, item.peaks) for name, item in recordings.items()}
    if write_parameters:
        everything = fit(list(labelled.values()), seed)
        PARAMETERS_FILE.write_text(json.dumps(everything) + "\n", encoding="utf-8")
    one, other = halves(recordings)
    result: dict[str, Any] = {
        "data": "PhysioNet/CinC Challenge 2016, training-a with ECG",
        "left_out_by_ecg": left_out,
        "seed": seed,
        "code_version": code_version(),
    }
    for name, train, test in (("first_on_second", one, other), ("second_on_first", other, one)):
        parameters = Parameters.from_dict(fit([labelled[file_id] for file_id in train], seed))
        result[name] = judge(test, parameters)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", type=Path, help="where the judgement is stored")
    parser.add_argument("--write-parameters", action="store_true", help="fit on everybody, for use")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    result = judge_halves(options.data, seed=options.seed, write_parameters=options.write_parameters)
    print(json.dumps(result, indent=1))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
