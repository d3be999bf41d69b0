"""The ensemble's networks, as one member: small ones on two pictures of the average beat, their logits averaged.

Half of them see bands evenly spaced in log frequency and half the mission's mel scale, which divides high frequencies
finely. They are one member because they err alike: whoever chooses the ensemble's shares on a few databases then weighs
networks against trees, not network against network (docs/experiments.md).
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ml.data.corpus import Corpus
from ml.dsp.beat_image import LOG_PICTURE, MEL_PICTURE, image_shape, pictures_shape
from ml.inference.engines.keras import predict
from ml.nets import beat_cnn, version_setting
from ml.training.callbacks import Countdown, Counted, Observer, Several
from ml.training.config import Preset, TrainingConfig
from ml.training.fingerprint import training_fingerprint
from ml.training.loop import train_network, without_optimizer
from ml.training.members.beats import BeatViews, beat_views, view_labels
from ml.training.members.phase_rows import VIEW_BALANCE, logit_of_sound, logits_of_corpus, view_weights
from ml.training.members.picture_changes import CHANGES, varied
from ml.training.tensorboard import TensorBoard, beat_samples

if TYPE_CHECKING:
    import keras

NAME = "beat_cnn"
STEPS = 500
BATCH_SIZE = 64
LEARNING_RATE = 2e-3
WEIGHT_DECAY = 1e-2
LABEL_SMOOTHING = 0.05
PICTURES = {"log": LOG_PICTURE, "mel": MEL_PICTURE}
NETWORKS = 3  # of each picture, trained one after the other from other seeds
AVERAGING = 0.99  # of the weights, over steps
EPOCH_STEPS = 50  # at most, between two checkpoints; has no say in the result
_IMAGES_AT_ONCE = 512


def fit(
    views: BeatViews,
    labels: NDArray[np.int_],
    databases: NDArray[np.str_],
    *,
    seed: int,
    directory: Path | None = None,
    fingerprint: str = "",
    report: Callable[[str], object] = lambda _: None,
) -> "keras.Model":
    """The mean of NETWORKS networks of each picture, each trained for STEPS batches; nothing is chosen meanwhile.

    views : of the n recordings with `labels` and `databases`, shape (n,).
    directory : where each network's checkpoints and TensorBoard files are kept; a training that was stopped there
    under the same `fingerprint` goes on to the result that it would have had. None keeps nothing.
    Raises TrainingStoppedError.
    """
    import keras

    wanted = [(picture, number) for picture in PICTURES for number in range(NETWORKS)]
    countdown = Countdown(report, NAME, len(wanted) * STEPS, "steps")
    inputs = keras.Input(pictures_shape(), name="beat")
    logits = []
    for place, (picture, number) in enumerate(wanted):
        network = _fit_network(
            replace(views, pictures=views.pictures[..., PICTURES[picture]]),
            labels,
            databases,
            seed=seed + number,
            progress=countdown,
            done=place * STEPS,
            directory=directory and directory / f"{picture}-{number + 1}",
            fingerprint=fingerprint,
        )
        logits.append(network(inputs[..., PICTURES[picture]]))
    return keras.Model(inputs, keras.layers.Average(dtype="float32", name="logit")(logits), name=NAME)


def _fit_network(
    views: BeatViews,
    labels: NDArray[np.int_],
    databases: NDArray[np.str_],
    *,
    seed: int,
    progress: Countdown,
    done: int,
    directory: Path | None = None,
    fingerprint: str = "",
) -> "keras.Model":
    import keras

    config = _config()
    batches = BeatBatches(views, labels, databases, steps_per_epoch=STEPS // config.epochs, seed=seed)
    observers: list[Observer] = [Counted(progress, done)]
    with ExitStack() as temporary:
        if directory is None:
            directory = Path(temporary.enter_context(TemporaryDirectory()))
        else:
            # Batches of their own: drawing one more must not move those of the training.
            shown = BeatBatches(views, labels, databases, steps_per_epoch=1, seed=seed)
            observers.append(TensorBoard(directory / "tensorboard", beat_samples(*shown.batch(0, 0))))
        result = train_network(
            lambda: _build(seed),
            batches,
            config,
            directory=directory,
            fingerprint={"training": fingerprint, "config": asdict(config), "seed": seed},
            resume=True,
            observer=Several(*observers),
            class_weights=None,
        )
    released = without_optimizer(result.model)
    # Without a name of its own: two networks of one name cannot be parts of the mean.
    return keras.Model(released.inputs[0], released.outputs[0])


def _build(seed: int) -> "keras.Model":
    import keras

    keras.utils.set_random_seed(seed)
    return beat_cnn.build(image_shape())


def _config() -> TrainingConfig:
    """STEPS as equal epochs of EPOCH_STEPS at most: after each there is a checkpoint."""
    steps_per_epoch = max(n for n in range(1, min(EPOCH_STEPS, STEPS) + 1) if STEPS % n == 0)
    return TrainingConfig(
        network=NAME,
        epochs=STEPS // steps_per_epoch,
        steps_per_epoch=steps_per_epoch,
        batch_size=BATCH_SIZE,
        learning_rate=LEARNING_RATE,
        weight_decay=WEIGHT_DECAY,
        label_smoothing=LABEL_SMOOTHING,
        schedule="warm_cosine",
        ema=True,
        ema_momentum=AVERAGING,
        balance="database_and_label",
        # Without a validation set nothing is judged by these.
        patience=STEPS,
        lr_patience=STEPS,
        lr_divisor=1.0,
        score="macro_auc",
    )


class BeatBatches:
    """Random views, databases and labels balanced, drawn one batch after the other from one generator.

    A batch asked for out of turn is reached by drawing those before it again, so that a resumed training sees what
    the uninterrupted one would have.
    """

    def __init__(
        self,
        views: BeatViews,
        labels: NDArray[np.int_],
        databases: NDArray[np.str_],
        *,
        steps_per_epoch: int,
        seed: int,
    ) -> None:
        self.steps_per_epoch = steps_per_epoch
        self._pictures, self._targets = views.pictures[views.known], view_labels(labels)[views.known]
        self._weights = view_weights(views, databases, labels)[views.known]
        self._seed = seed
        self._rng, self._drawn = np.random.default_rng(seed), 0

    def batch(self, epoch: int, step: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Pictures (BATCH_SIZE, phases, bands, statistics) and labels (BATCH_SIZE, 1)."""
        wanted = epoch * self.steps_per_epoch + step
        if wanted < self._drawn:
            self._rng, self._drawn = np.random.default_rng(self._seed), 0
        while self._drawn < wanted:
            self._draw()
        return self._draw()

    def _draw(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        self._drawn += 1
        chosen = self._rng.choice(len(self._pictures), BATCH_SIZE, p=self._weights)
        return varied(self._pictures[chosen], self._rng), self._targets[chosen, None].astype(np.float32)


def predict_logit(model: "keras.Model", images: NDArray[np.floating]) -> NDArray[np.float64]:
    """One logit per image (n, phases, bands, statistics); shape (n,)."""
    parts = [
        predict(model, images[i : i + _IMAGES_AT_ONCE].astype(np.float32))[:, 0]
        for i in range(0, len(images), _IMAGES_AT_ONCE)
    ]
    return np.concatenate(parts).astype(np.float64) if parts else np.empty(0)


@dataclass(frozen=True)
class FittedBeatCnn:
    model: "keras.Model"

    def logits(self, corpus: Corpus, indices: NDArray[np.intp]) -> NDArray[np.float64]:
        return logits_of_corpus(corpus, indices, "pictures", lambda images: predict_logit(self.model, images))

    def logits_of_sound(self, samples: NDArray[np.float32]) -> float:
        return logit_of_sound(samples, "pictures", lambda images: predict_logit(self.model, images))

    def save(self, directory: Path) -> dict[str, Any]:
        """Write the network's .keras file; returns the artefact's entry."""
        self.model.save(directory / f"{NAME}.keras")
        return {
            "files": {"keras": f"{NAME}.keras"},
            "config": {"output": "logit", "shape": list(pictures_shape())},
        }


@dataclass(frozen=True)
class BeatCnn:
    """The member, untrained."""

    name: str = NAME
    kind: str = "beat_pictures"

    @property
    def settings(self) -> dict[str, Any]:
        """What decides the result beside the recordings and the seed."""
        return CHANGES | {
            "pictures": list(PICTURES),
            "steps": STEPS,
            "batch_size": BATCH_SIZE,
            "learning_rate": LEARNING_RATE,
            "weight_decay": WEIGHT_DECAY,
            "label_smoothing": LABEL_SMOOTHING,
            "networks": NETWORKS,
            "averaging": AVERAGING,
            "rows": VIEW_BALANCE,
            **version_setting(NAME),
        }

    def fit(
        self,
        corpus: Corpus,
        indices: NDArray[np.intp],
        *,
        seed: int,
        work_dir: Path,
        report: Callable[[str], object],
    ) -> FittedBeatCnn:
        """Train on the recordings at `indices` alone."""
        views = beat_views(corpus, report).take(indices)
        model = fit(
            views,
            corpus.labels[indices],
            corpus.databases[indices],
            seed=seed,
            directory=work_dir,
            fingerprint=training_fingerprint(corpus, indices, self.settings, self.name, seed),
            report=report,
        )
        return FittedBeatCnn(model)


def create(preset: Preset) -> BeatCnn:
    """The member, untrained; it takes nothing from the preset."""
    return BeatCnn()
