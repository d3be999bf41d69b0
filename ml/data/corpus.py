"""A prepared data set as arrays: the waveforms memory-mapped, one entry of each table column per recording."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.data.manifest import ManifestRow, read_manifest
from ml.data.physionet import DatasetError
from ml.data.splits import HELD_BACK_FOLD

FS_HZ = 2000
WAVEFORMS_FILE = "waveforms.npy"
FULL_SCALE = 32768.0


class Corpus:
    """Recordings at FS_HZ with labels, databases, subjects and folds, all in the manifest's order.

    Attributes are arrays of shape (n,): `labels` (1 abnormal), `databases`, `subjects`, `usable` (official quality),
    `folds`, `file_ids`. Recordings of the demo samples' subjects are left out unless `with_demo`.
    """

    def __init__(self, directory: Path, *, with_demo: bool = False) -> None:
        rows = read_manifest(directory)
        if not with_demo:
            rows = [row for row in rows if row.fold != HELD_BACK_FOLD]
        if not rows:
            raise DatasetError(f"{directory} holds no recordings to train on.")
        self.directory = directory
        self.rows: list[ManifestRow] = rows
        self.file_ids = np.array([row.file_id for row in rows])
        self.labels = np.array([row.label for row in rows])
        self.databases = np.array([row.database for row in rows])
        self.subjects = np.array([row.subject_id for row in rows])
        self.usable = np.array([row.usable for row in rows], dtype=bool)
        self.folds = np.array([row.fold for row in rows])
        self._waveforms: NDArray[np.int16] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def pcm(self, index: int) -> NDArray[np.int16]:
        """The recording's 16-bit samples at FS_HZ, shape (n_samples,), mapped from disk."""
        if self._waveforms is None:
            path = self.directory / WAVEFORMS_FILE
            if not path.exists():
                raise DatasetError(f"{path} is missing; prepare the data set with --preset heart.")
            self._waveforms = np.load(path, mmap_mode="r")
        row = self.rows[index]
        return self._waveforms[row.first_sample : row.first_sample + row.n_samples]

    def samples(self, index: int) -> NDArray[np.float32]:
        """The recording at FS_HZ, shape (n_samples,), in [-1, 1)."""
        return self.pcm(index).astype(np.float32) / np.float32(FULL_SCALE)

    def features(self, index: int) -> NDArray[np.float32]:
        """The stored spectrogram of a recording, as the preset prepared it."""
        return np.load(self.directory / self.rows[index].spectrogram_path).astype(np.float32)
