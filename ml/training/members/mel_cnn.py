"""The ensemble's mel network: many windows a recording, pooled by their mean logit."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ml.data.corpus import Corpus
from ml.data.loaders import BalancedWindows
from ml.dsp.mel_windows import MelWindowConfig, mel_windows, windows_of_power
from ml.inference.engines.keras import predict
from ml.nets import build_network
from ml.training.callbacks import ProgressLine, Several
from ml.training.config import Preset
from ml.training.fingerprint import network_settings, training_fingerprint
from ml.training.loop import train_network, without_optimizer
from ml.training.members.beats import VIEW_SETTINGS, beat_views
from ml.training.tensorboard import TensorBoard, samples_of

if TYPE_CHECKING:
    import keras

_WINDOWS_AT_ONCE = 512


class MelCnn:
    """Trains the network of `preset` on augmented windows, every database and label equally often."""

    name = "mel_cnn"
    kind = "mel_windows"

    def __init__(self, preset: Preset) -> None:
        steps_per_epoch = preset.training.steps_per_epoch
        if not isinstance(preset.features, MelWindowConfig) or not preset.augment or not steps_per_epoch:
            raise ValueError(
                "The mel network needs a preset with mel windows, augmentation and steps_per_epoch."
            )
        self._features, self._augment = preset.features, preset.augment
        self._training, self._steps_per_epoch = preset.training, steps_per_epoch
        self.settings = network_settings(preset) | {"murmurs": VIEW_SETTINGS}

    def fit(
        self,
        corpus: Corpus,
        indices: NDArray[np.intp],
        *,
        seed: int,
        work_dir: Path,
        report: Callable[[str], None],
        resume: bool = True,
    ) -> "FittedMelCnn":
        """Train for the preset's number of steps, without a validation set: nothing is chosen on the way."""
        training = self._training
        batches = BalancedWindows(
            corpus,
            indices,
            self._features,
            self._augment,
            batch_size=training.batch_size,
            steps_per_epoch=self._steps_per_epoch,
            seed=seed,
            label_exponent=training.label_exponent,
            edges_of=beat_views(corpus, report).edges_of if self._augment.murmur_probability else None,
        )
        result = train_network(
            lambda: _build(training.network, self._features, seed),
            batches,
            training,
            directory=work_dir,
            fingerprint={"training": training_fingerprint(corpus, indices, self.settings, self.name, seed)},
            resume=resume,
            observer=Several(
                ProgressLine(report, "mel_cnn "),
                TensorBoard(work_dir / "tensorboard", samples_of(corpus, indices)),
            ),
        )
        return FittedMelCnn(result.model, self._features)


def create(preset: Preset) -> MelCnn:
    """The member of `preset`, untrained."""
    return MelCnn(preset)


def _build(network: str, features: MelWindowConfig, seed: int) -> "keras.Model":
    import keras

    keras.utils.set_random_seed(seed)
    return build_network(network, (features.window_frames, features.n_mels, 1))


@dataclass
class FittedMelCnn:
    """A trained mel network."""

    model: "keras.Model"
    features: MelWindowConfig

    def logits(self, corpus: Corpus, indices: NDArray[np.intp]) -> NDArray[np.float64]:
        """Mean logit over each recording's windows, shape (len(indices),)."""
        out = np.empty(len(indices))
        pending: list[NDArray[np.float32]] = []
        first = 0
        for position, index in enumerate(indices):
            pending.append(windows_of_power(corpus.features(index), self.features))
            if sum(map(len, pending)) >= _WINDOWS_AT_ONCE or position == len(indices) - 1:
                out[first : position + 1] = self._pool(pending)
                pending, first = [], position + 1
        return out

    def logits_of_sound(self, samples: NDArray[np.float32]) -> float:
        """Mean logit over the windows of samples at corpus.FS_HZ."""
        return float(self._pool([mel_windows(samples, self.features)])[0])

    def save(self, directory: Path) -> dict[str, Any]:
        """Write mel_cnn.keras; returns the artefact's entry."""
        without_optimizer(self.model).save(directory / "mel_cnn.keras")
        return {"files": {"keras": "mel_cnn.keras"}, "config": asdict(self.features) | {"output": "logit"}}

    def _pool(self, windows: list[NDArray[np.float32]]) -> NDArray[np.float64]:
        lengths = [len(own) for own in windows]
        logits = predict(self.model, np.concatenate(windows)[..., None])[:, 0]
        starts = np.cumsum([0, *lengths[:-1]])
        return np.add.reduceat(np.asarray(logits, dtype=np.float64), starts) / lengths
