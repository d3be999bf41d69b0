"""The table beside prepared features: one line per recording, readable by a person and by the training."""

import csv
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import get_type_hints

from ml.data.physionet import DatasetError

FILE_NAME = "manifest.csv"


@dataclass(frozen=True)
class ManifestRow:
    """One prepared recording; paths are relative to the manifest, `label` is 1 abnormal, 0 normal.

    `fold` is 0..K-1, -1 for recordings that are only ever trained on and -2 for the demo samples' subjects.
    `sha256` is that of the recording's 16-bit samples as read, and `first_sample`, `n_samples` its place in
    waveforms.npy where the preset keeps one (0, 0 elsewhere).
    """

    file_id: str
    label: int
    spectrogram_path: str
    split: str
    fold: int
    database: str
    subject_id: str
    usable: int
    duration_s: float
    first_sample: int
    n_samples: int
    sha256: str


def write_manifest(directory: Path, rows: Iterable[ManifestRow]) -> Path:
    """Write the rows in their order; returns the path."""
    path = directory / FILE_NAME
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(ManifestRow)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
    return path


def read_manifest(directory: Path) -> list[ManifestRow]:
    """The rows of a prepared data set. Raises DatasetError when there is none or a column is missing."""
    path = directory / FILE_NAME
    kinds = get_type_hints(ManifestRow)
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [
                ManifestRow(**{name: kind(row[name]) for name, kind in kinds.items()})
                for row in csv.DictReader(file)
            ]
    except FileNotFoundError as error:
        raise DatasetError(f"{directory} holds no {FILE_NAME}; run prepare_dataset first.") from error
    except (KeyError, ValueError) as error:
        raise DatasetError(
            f"{path} is not a manifest of this version ({error}); run prepare_dataset again."
        ) from error
