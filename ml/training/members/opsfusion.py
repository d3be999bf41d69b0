"""The original network as a member, so that folds and left-out databases judge the baseline like the others."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ml.data.corpus import FS_HZ, Corpus
from ml.data.loaders import stack_features
from ml.data.opsfusion import OpsfusionConfig, opsfusion_spectrogram, resample_like_librosa
from ml.training.callbacks import ProgressLine
from ml.training.config import Preset
from ml.training.fingerprint import network_settings
from ml.training.folds import folds_of_seed
from ml.training.loop import without_optimizer
from ml.training.single_inputs import fit_spectrograms, predicted_logits

if TYPE_CHECKING:
    import keras

NAME = "opsfusion"
# Of the recordings to learn from, one part of five by subject ends the training early.
_VALIDATION_PARTS = 5


class Opsfusion:
    """Trains the preset's network on whole stored spectrograms, stopped on subjects apart, as `train_model` does."""

    name = NAME
    kind = NAME

    def __init__(self, preset: Preset) -> None:
        if not isinstance(preset.features, OpsfusionConfig):
            raise ValueError("The original network needs a preset with the original features.")
        self._preset = preset
        self._features = preset.features
        self.settings = network_settings(preset) | {"epochs_at_most": preset.training.epochs}

    def fit(
        self,
        corpus: Corpus,
        indices: NDArray[np.intp],
        *,
        seed: int,
        work_dir: Path,
        report: Callable[[str], object],
    ) -> "FittedOpsfusion":
        """Train on the recordings at `indices` alone, some subjects of them for early stopping."""
        inputs = stack_features(corpus, self._features.shape, report)
        train, validation = validation_subjects(corpus, indices, seed)
        result = fit_spectrograms(
            corpus,
            self._preset,
            inputs,
            train=train,
            validation=validation,
            directory=work_dir,
            seed=seed,
            resume=True,
            observer=ProgressLine(report, f"{NAME} "),
        )
        return FittedOpsfusion(result.model, self._features)


def validation_subjects(
    corpus: Corpus, indices: NDArray[np.intp], seed: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """`indices` as those to learn from and those that end the training, no subject in both."""
    held = folds_of_seed(corpus, seed, _VALIDATION_PARTS, among=indices)[indices] == 0
    return indices[~held], indices[held]


@dataclass
class FittedOpsfusion:
    """The trained network."""

    model: "keras.Model"
    features: OpsfusionConfig

    def logits(self, corpus: Corpus, indices: NDArray[np.intp]) -> NDArray[np.float64]:
        """One logit per recording, shape (len(indices),)."""
        return predicted_logits(self.model, stack_features(corpus, self.features.shape)[indices])

    def logits_of_sound(self, samples: NDArray[np.float32]) -> float:
        """The logit of samples at corpus.FS_HZ."""
        sound = resample_like_librosa(samples, FS_HZ, self.features.fs_hz)
        return float(predicted_logits(self.model, opsfusion_spectrogram(sound, self.features)[None])[0])

    def save(self, directory: Path) -> dict[str, Any]:
        """Write opsfusion.keras; returns the artefact's entry."""
        without_optimizer(self.model).save(directory / f"{NAME}.keras")
        return {
            "files": {"keras": f"{NAME}.keras"},
            "config": asdict(self.features) | {"output": "probability"},
        }


def create(preset: Preset) -> Opsfusion:
    """The member of `preset`, untrained."""
    return Opsfusion(preset)
