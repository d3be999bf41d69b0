"""What a model said of a set of recordings, beside what is known of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

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

    @classmethod
    def joined(cls, parts: Sequence["Predictions"]) -> "Predictions":
        """Several sets as one, in their order."""
        return cls(
            **{
                field.name: np.concatenate([getattr(part, field.name) for part in parts])
                for field in fields(cls)
            }
        )

    @property
    def n_subjects(self) -> int:
        """How many different subjects there are."""
        return len(np.unique(self.subjects))

    def as_dict(self) -> dict[str, Any]:
        """One list per field."""
        return {field.name: getattr(self, field.name).tolist() for field in fields(self)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Predictions":
        """What `as_dict` gave."""
        return cls(**{field.name: np.asarray(values[field.name]) for field in fields(cls)})

    def save(self, path: Path) -> None:
        """Write as JSON, one list per field."""
        path.write_text(json.dumps(self.as_dict()), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "Predictions":
        """Read what `save` wrote."""
        return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))
