"""The parts of the ensemble: what each must offer to be trained, judged fold by fold, and written into a release.

Each module here has `create(preset) -> Member`; a preset's `members` lists the modules it uses.
"""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ml.data.corpus import Corpus
from ml.training.config import Preset

Indices = NDArray[np.intp]
Report = Callable[[str], object]


class FittedMember(Protocol):
    """A trained part of the ensemble."""

    def logits(self, corpus: Corpus, indices: Indices) -> NDArray[np.float64]:
        """One logit per recording, shape (len(indices),); NaN where it can say nothing of a recording."""

    def logits_of_sound(self, samples: NDArray[np.float32]) -> float:
        """The logit of samples at corpus.FS_HZ, shape (n_samples,); NaN where it can say nothing."""

    def save(self, directory: Path) -> dict[str, Any]:
        """Write the files into `directory`; return the artefact's entry: `files` (format to name) and `config`."""


class Member(Protocol):
    """A part of the ensemble that can be trained. All that it fits, it fits on the recordings it is given."""

    @property
    def name(self) -> str:
        """What it is called in presets, tables and files."""

    @property
    def kind(self) -> str:
        """Which input the software prepares for it (see ml.inference.members)."""

    @property
    def settings(self) -> dict[str, Any]:
        """What decides its result beside the recordings and the seed, as JSON types: held-out logits are kept by it."""

    def fit(
        self, corpus: Corpus, indices: Indices, *, seed: int, work_dir: Path, report: Report
    ) -> FittedMember:
        """Train on the recordings at `indices` alone; `work_dir` may hold caches and checkpoints of this fit."""


def create_members(preset: Preset) -> list[Member]:
    """The preset's members, untrained, in its order; a preset without any is the one network it trains."""
    return [import_module(f"{__name__}.{name}").create(preset) for name in preset.members or (preset.name,)]
