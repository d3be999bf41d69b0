"""A small data set in the PhysioNet layout, synthesised: two databases, both labels, several recordings a subject."""

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile

REAL_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
FS_HZ = 2000


def beats(seconds: float, rng: np.random.Generator, *, murmur: bool) -> np.ndarray:
    """Two thuds a beat at 75/min, with a rough systole where `murmur`."""
    time_s = np.arange(int(seconds * FS_HZ)) / FS_HZ
    x = 0.003 * rng.standard_normal(len(time_s))
    for start_s in np.arange(rng.uniform(0, 0.8), seconds, 0.8):
        for delay_s, frequency_hz in ((0.0, 50.0), (0.3, 70.0)):
            distance_s = time_s - start_s - delay_s
            x += 0.4 * np.exp(-((distance_s / 0.03) ** 2)) * np.sin(2 * np.pi * frequency_hz * distance_s)
        if murmur:
            systole = (time_s > start_s + 0.06) & (time_s < start_s + 0.26)
            x[systole] += 0.1 * rng.standard_normal(systole.sum())
    return x


@pytest.fixture(scope="session")
def physionet_dir(tmp_path_factory) -> Path:
    """40 recordings of 20 subjects under training-a and training-e; one of e belongs in training only."""
    root = tmp_path_factory.mktemp("physionet")
    rng = np.random.default_rng(11)
    subjects = [["record", "subset", "label", "sqi", "subject_id", "subject_known", "diagnosis"]]
    for database in "ae":
        folder = root / f"training-{database}"
        folder.mkdir()
        references, qualities = [], []
        for number in range(20):
            label = 1 if number % 4 < 2 else -1
            name = f"{database}{number:04d}"
            suffix = ".flac" if number % 2 else ".wav"
            sound = beats(rng.uniform(4, 9), rng, murmur=label == 1)
            soundfile.write(folder / f"{name}{suffix}", sound, FS_HZ, subtype="PCM_16")
            references.append([name, label])
            qualities.append([name, label, int(number % 5 != 0)])
            known = 0 if name == "e0003" else 1
            subjects.append(
                [name, database, label, int(number % 5 != 0), f"{database}_s{number // 2}", known, ""]
            )
        _write(folder / "REFERENCE.csv", references)
        _write(folder / "REFERENCE-SQI.csv", qualities)
    _write(root / "subjects.csv", subjects)
    return root


def _write(path: Path, rows: list) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)


@pytest.fixture(scope="session")
def real_data() -> Path:
    if not (REAL_DATA / "physionet2016").is_dir():
        pytest.skip("../shared/data is absent: the PhysioNet recordings are needed for this test")
    return REAL_DATA


@pytest.fixture(scope="session")
def prepared_heart(physionet_dir, tmp_path_factory) -> Path:
    """The small data set prepared for the preset `heart`, three folds."""
    from ml.data.prepare import prepare_dataset
    from ml.presets import load_preset

    out = tmp_path_factory.mktemp("prepared") / "heart"
    prepare_dataset(physionet_dir, out, load_preset("heart"), workers=1, folds=3, seed=0)
    return out


@pytest.fixture(scope="session")
def prepared_opsfusion(physionet_dir, tmp_path_factory) -> Path:
    """The small data set prepared for the preset `opsfusion`, three folds."""
    from ml.data.prepare import prepare_dataset
    from ml.presets import load_preset

    out = tmp_path_factory.mktemp("prepared") / "opsfusion"
    prepare_dataset(physionet_dir, out, load_preset("opsfusion"), workers=1, folds=3, seed=0)
    return out
