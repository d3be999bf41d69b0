"""What a model said of a set of recordings, beside what is known of them."""

import json
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# The databases that the headline averages over: e carries its labels in its recording chain, c is too small.
HEADLINE_DATABASES = ("a", "b", "d", "f")
LODO_DATABASES = ("a", "b", "c", "d", "f")


@dataclass(frozen=True)
class Predictions:
    """Arrays of shape (n,): `labels` 1 abnormal, `usable` the official quality, `scores` logits, higher abnormal."""

    file_ids: NDArray[np.str_]
    databases: NDArray[np.str_]
    subjects: NDArray[np.str_]
    labels: NDArray[np.int_]
    usable: NDArray[np.bool_]
    scores: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: NDArray[np.generic]) -> "Predictions":
        """The predictions at `rows` (indices or a mask)."""
        return Predictions(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    def save(self, path: Path) -> None:
        """Write as JSON, one list per field."""
        values = {field.name: getattr(self, field.name).tolist() for field in fields(self)}
        path.write_text(json.dumps(values), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "Predictions":
        """Read what `save` wrote."""
        values = json.loads(path.read_text(encoding="utf-8"))
        return cls(**{field.name: np.asarray(values[field.name]) for field in fields(cls)})
