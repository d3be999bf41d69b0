"""What a single network is fed, by the preset's features: whole stored spectrograms, or windows of log-mel frames."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ml.data.corpus import Corpus
from ml.data.loaders import BalancedWindows, Batches, StoredSpectrograms, stack_features
from ml.data.opsfusion import OpsfusionConfig
from ml.dsp.mel_windows import MelWindowConfig
from ml.evaluation.metrics import auc, auc_by_group, macro
from ml.evaluation.predictions import HEADLINE_DATABASES
from ml.nets import build_network
from ml.training.callbacks import Observer
from ml.training.config import AugmentConfig, Preset
from ml.training.loop import Result, train_network
from ml.training.members import Report
from ml.training.members.mel_cnn import FittedMelCnn

if TYPE_CHECKING:
    import keras

_PREDICT_BATCH = 128


class Inputs(Protocol):
    """One way to feed a network from a corpus."""

    kind: str
    """The input's name in the artefact."""
    config: dict[str, Any]
    """The input's configuration in the artefact."""
    shape: tuple[int, ...]
    """Of one input, without the batch."""

    def batches(self, train: NDArray[np.intp], seed: int) -> Batches:
        """What the network learns from."""

    def class_weights(self, train: NDArray[np.intp]) -> tuple[float, float]:
        """What a normal and an abnormal recording count in the loss."""

    def logits(self, model: "keras.Model", indices: NDArray[np.intp]) -> NDArray[np.float64]:
        """One logit per recording, shape (len(indices),)."""


def inputs_of(corpus: Corpus, preset: Preset, report: Report) -> Inputs:
    """The inputs that `preset` names."""
    if isinstance(preset.features, OpsfusionConfig):
        return Spectrograms(corpus, preset, stack_features(corpus, preset.features.shape, report))
    return Windows(corpus, preset)


class Spectrograms:
    """Whole spectrograms, each once an epoch, labels weighted by their counts: the original system's way."""

    kind = "opsfusion"

    def __init__(self, corpus: Corpus, preset: Preset, stacked: NDArray[np.float32]) -> None:
        self._corpus, self._preset, self._stacked = corpus, preset, stacked
        self.shape: tuple[int, ...] = (*stacked.shape[1:], 1)
        self.config = asdict(preset.features) | {"output": "probability"}

    def batches(self, train: NDArray[np.intp], seed: int) -> StoredSpectrograms:
        """Of the recordings at `train`, in memory."""
        return StoredSpectrograms(
            self._stacked[train],
            self._corpus.labels[train],
            batch_size=self._preset.training.batch_size,
            seed=seed,
        )

    def class_weights(self, train: NDArray[np.intp]) -> tuple[float, float]:
        """Both labels count alike."""
        positive = float(self._corpus.labels[train].mean())
        return 0.5 / (1 - positive), 0.5 / positive

    def logits(self, model: "keras.Model", indices: NDArray[np.intp]) -> NDArray[np.float64]:
        """From the network's probabilities."""
        return predicted_logits(model, self._stacked[indices])


class Windows:
    """Random windows, augmented, databases and labels balanced by how often they are drawn; a recording's logit is the
    mean over all of its windows."""

    kind = "mel_windows"

    def __init__(self, corpus: Corpus, preset: Preset) -> None:
        if not isinstance(preset.features, MelWindowConfig) or not preset.training.steps_per_epoch:
            raise ValueError("A network on windows needs a preset with mel windows and steps_per_epoch.")
        self._corpus, self._training = corpus, preset.training
        self._features, self._augment = preset.features, preset.augment or AugmentConfig()
        self._steps_per_epoch = preset.training.steps_per_epoch
        self.shape: tuple[int, ...] = (preset.features.window_frames, preset.features.n_mels, 1)
        self.config = asdict(preset.features) | {"output": "logit"}

    def batches(self, train: NDArray[np.intp], seed: int) -> BalancedWindows:
        """Windows of the recordings at `train`, read from the mapped waveforms."""
        return BalancedWindows(
            self._corpus,
            train,
            self._features,
            self._augment,
            batch_size=self._training.batch_size,
            steps_per_epoch=self._steps_per_epoch,
            seed=seed,
            label_exponent=self._training.label_exponent,
        )

    def class_weights(self, train: NDArray[np.intp]) -> tuple[float, float]:
        """All alike: the drawing has balanced them."""
        return 1.0, 1.0

    def logits(self, model: "keras.Model", indices: NDArray[np.intp]) -> NDArray[np.float64]:
        """The mean over each recording's windows."""
        return FittedMelCnn(model, self._features).logits(self._corpus, indices)


def fit_network(
    corpus: Corpus,
    preset: Preset,
    inputs: Inputs,
    *,
    train: NDArray[np.intp],
    validation: NDArray[np.intp],
    directory: Path,
    seed: int,
    resume: bool,
    observer: Observer,
) -> Result:
    """Train `preset`'s network on the recordings at `train`, stopped early by the preset's score on `validation`.

    Checkpoints lie in `directory`, from where `resume` goes on. Raises TrainingStoppedError.
    """
    import keras

    def build() -> "keras.Model":
        keras.utils.set_random_seed(seed)
        return build_network(preset.training.network, inputs.shape)

    def validate(model: "keras.Model") -> dict[str, float]:
        logits, labels = inputs.logits(model, validation), corpus.labels[validation]
        by_database = auc_by_group(corpus.databases[validation], labels, logits)
        return {"auc": auc(labels, logits), "macro_auc": macro(by_database, HEADLINE_DATABASES)}

    return train_network(
        build,
        inputs.batches(train, seed),
        preset.training,
        directory=directory,
        fingerprint={"preset": asdict(preset), "seed": seed, "recordings": corpus.file_ids[train].tolist()},
        resume=resume,
        observer=observer,
        validate=validate,
        class_weights=inputs.class_weights(train),
    )


def fit_spectrograms(corpus: Corpus, preset: Preset, stacked: NDArray[np.float32], **settings: Any) -> Result:
    """`fit_network` on the spectrograms `stacked` (n, bands, frames) of a corpus."""
    return fit_network(corpus, preset, Spectrograms(corpus, preset, stacked), **settings)


def predicted_logits(model: "keras.Model", inputs: NDArray[np.float32]) -> NDArray[np.float64]:
    """One logit per spectrogram (n, bands, frames), shape (n,), of a network that gives probabilities."""
    probabilities = model.predict(inputs[..., None], batch_size=_PREDICT_BATCH, verbose=0)[:, 0]
    p = np.clip(probabilities.astype(np.float64), 1e-7, 1 - 1e-7)
    return np.log(p) - np.log1p(-p)
