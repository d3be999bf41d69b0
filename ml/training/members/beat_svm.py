"""Support vectors on the beat about S1 and S2: what its neighbours among the training beats were called."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data.corpus import Corpus
from ml.dsp.beat_image import CHANNELS
from ml.dsp.peak_picture import peak_shape
from ml.dsp.signal_path import PEAK_PICTURE_VERSION
from ml.training import support_vectors
from ml.training.config import Preset
from ml.training.members.beats import beat_views, view_labels
from ml.training.members.phase_rows import VIEW_BALANCE, logit_of_sound, logits_of_corpus, view_weights
from ml.training.support_vectors import SupportVectors, export_onnx

NAME = "beat_svm"
# The lower quartile says little that these two do not (docs/experiments.md).
READ = tuple(CHANNELS.index(name) for name in ("median", "interquartile range"))
# Without any the machine takes soft diastolic murmurs on a clean recording for normal; with more it loses on the
# subjects of the same databases (docs/experiments.md).
MURMUR_WEIGHT = 0.05


def rows_of(pictures: NDArray[np.floating]) -> NDArray[np.float32]:
    """What the machine reads of pictures (n, *peak_shape()): float32 (n, n_columns)."""
    return pictures[..., READ].reshape(len(pictures), -1).astype(np.float32)


@dataclass(frozen=True)
class FittedBeatSvm:
    machine: SupportVectors

    def logits(self, corpus: Corpus, indices: NDArray[np.intp]) -> NDArray[np.float64]:
        """Margins of whole recordings, NaN where no heart cycle was found."""
        return logits_of_corpus(corpus, indices, "peak_pictures", self._margins)

    def logits_of_sound(self, samples: NDArray[np.float32]) -> float:
        """Margin of samples at corpus.FS_HZ, NaN where no heart cycle is found."""
        return logit_of_sound(samples, "peak_pictures", self._margins)

    def _margins(self, pictures: NDArray[np.floating]) -> NDArray[np.float64]:
        return self.machine(rows_of(pictures))

    def save(self, directory: Path) -> dict[str, Any]:
        """Write beat_svm.onnx; returns the artefact's entry."""
        export_onnx(self.machine, directory / f"{NAME}.onnx", name=NAME, shape=peak_shape(), channels=READ)
        return {
            "files": {"onnx": f"{NAME}.onnx"},
            "config": {"output": "logit", "shape": list(peak_shape())},
        }


class BeatSvm:
    name = NAME
    kind = "peak_pictures"
    settings = {
        "machine": support_vectors.SETTINGS,
        "picture": [PEAK_PICTURE_VERSION, list(READ)],
        "rows": VIEW_BALANCE | {"murmur_weight": MURMUR_WEIGHT},
    }

    def fit(
        self,
        corpus: Corpus,
        indices: NDArray[np.intp],
        *,
        seed: int,
        work_dir: Path,
        report: Callable[[str], object],
    ) -> FittedBeatSvm:
        """Fit on the recordings at `indices` alone."""
        views, labels = beat_views(corpus, report).take(indices), corpus.labels[indices]
        weights = view_weights(views, corpus.databases[indices], labels, murmur_weight=MURMUR_WEIGHT)
        used = weights > 0
        return FittedBeatSvm(
            support_vectors.fit(
                rows_of(views.peak_pictures[used]),
                view_labels(labels)[used],
                weights[used] / weights[used].mean(),
                seed,
            )
        )


def create(preset: Preset) -> BeatSvm:
    """The member, untrained; it takes nothing from the preset."""
    return BeatSvm()
