"""The layout of the PhysioNet/Computing in Cardiology Challenge 2016 recordings on disk."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

DATABASES = ("a", "b", "c", "d", "e", "f")
AUDIO_SUFFIXES = (".wav", ".flac")
DEMO_LIST = Path(__file__).with_name("demo_records.txt")

# In e alone an unverified subject may be a person who also stands in another fold.
_DATABASE_WITH_DOUBTFUL_SUBJECTS = "e"


class DatasetError(Exception):
    """The data directory is not what it should be; the message says what is wrong and what to do."""


@dataclass(frozen=True, order=True)
class Recording:
    """One recording as the reference files describe it; `label` is 1 abnormal, 0 normal."""

    file_id: str
    database: str
    label: int
    usable: bool
    subject_id: str
    training_only: bool
    path: Path


def read_recordings(data_dir: Path) -> list[Recording]:
    """All recordings under `data_dir`, sorted by file name.

    `data_dir` holds training-a ... training-f (any of them) or has one subfolder that does. Without subjects.csv each
    recording counts as its own subject. Raises DatasetError for a missing folder, table or sound.
    """
    root = _find_root(data_dir)
    subjects = _read_subjects(root / "subjects.csv")
    recordings: list[Recording] = []
    for database in DATABASES:
        folder = root / f"training-{database}"
        if folder.is_dir():
            recordings.extend(_read_database(folder, database, subjects))
    return sorted(recordings)


def read_demo_records(path: Path = DEMO_LIST) -> tuple[str, ...]:
    """File names (without suffix) of the demo samples, in the list's order."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def held_back_subjects(recordings: Iterable[Recording], demo_records: Iterable[str]) -> set[str]:
    """Subjects of whom any recording is shown as a demo sample."""
    shown = set(demo_records)
    return {recording.subject_id for recording in recordings if recording.file_id in shown}


def _find_root(data_dir: Path) -> Path:
    if not data_dir.is_dir():
        raise DatasetError(
            f"There is no folder {data_dir}. Pass the folder that holds training-a to training-f."
        )
    for candidate in (data_dir, *sorted(child for child in data_dir.iterdir() if child.is_dir())):
        if any((candidate / f"training-{database}").is_dir() for database in DATABASES):
            return candidate
    raise DatasetError(
        f"{data_dir} holds none of training-a to training-f. Unpack the PhysioNet/CinC 2016 recordings there."
    )


def _read_database(folder: Path, database: str, subjects: dict[str, dict[str, str]]) -> list[Recording]:
    labels = _read_table(folder / "REFERENCE.csv")
    quality_path = folder / "REFERENCE-SQI.csv"
    quality = {row[0]: row[2] for row in _read_table(quality_path, 3)} if quality_path.exists() else {}
    recordings = []
    for file_id, label, *_ in labels:
        if label not in ("1", "-1"):
            raise DatasetError(
                f"{folder.name}/REFERENCE.csv gives {file_id} the label {label!r}; it must be 1 or -1."
            )
        subject = subjects.get(file_id, {})
        recordings.append(
            Recording(
                file_id=file_id,
                database=database,
                label=int(label == "1"),
                usable=quality.get(file_id, "1") == "1",
                subject_id=subject.get("subject_id") or f"{database}_{file_id}",
                training_only=(
                    database == _DATABASE_WITH_DOUBTFUL_SUBJECTS and subject.get("subject_known", "1") == "0"
                ),
                path=_find_sound(folder, file_id),
            )
        )
    return recordings


def _find_sound(folder: Path, file_id: str) -> Path:
    for suffix in AUDIO_SUFFIXES:
        path = folder / f"{file_id}{suffix}"
        if path.exists():
            return path
    raise DatasetError(
        f"{folder.name}/REFERENCE.csv lists {file_id}, but there is no {file_id}.wav or .flac beside it."
    )


def _read_table(path: Path, columns: int = 2) -> list[list[str]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [[cell.strip() for cell in row] for row in csv.reader(file) if any(row)]
    except FileNotFoundError as error:
        raise DatasetError(f"{path} is missing; it lists each recording's label.") from error
    if any(len(row) < columns for row in rows):
        raise DatasetError(f"{path} has a row with fewer than {columns} columns.")
    return rows


def _read_subjects(path: Path) -> dict[str, dict[str, str]]:
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        return {row["record"]: row for row in csv.DictReader(file)}
