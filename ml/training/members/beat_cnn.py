"""The ensemble's beat network: one picture of the average beat per recording."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ml.data.corpus import Corpus
from ml.dsp.beat_image import image_shape
from ml.nets import beat_cnn
from ml.training.backend import compile_steps
from ml.training.callbacks import Countdown
from ml.training.config import Preset
from ml.training.members.beats import WHOLE, BeatViews, beat_views, describe, view_labels
from ml.training.members.phase_rows import VIEW_BALANCE, view_weights
from ml.training.step import take_step

if TYPE_CHECKING:
    import keras

NAME = "beat_cnn"
STEPS = 500
BATCH_SIZE = 64
LEARNING_RATE = 2e-3
WEIGHT_DECAY = 1e-2
LABEL_SMOOTHING = 0.05
NETWORKS = 2  # trained one after the other from other seeds; their logits are averaged
MOST_PHASES, MOST_BANDS = 1, 2  # by which a training picture is shifted: segmentation errors, body size
HIDDEN_BANDS = 5  # at most, hidden from a training picture: another microphone's dead band
# How often and how far a training picture's noise floor is raised: another recorder's noise, in nepers of power against
# the quietest phase of each band, with a random slope over the bands.
FLOOR_PROBABILITY = 0.5
FLOOR_NEPERS = (-1.5, 2.0)
FLOOR_KNOTS, FLOOR_SLOPE_NEPERS = 6, 1.0
AVERAGING = 0.99  # of the weights, over steps
_IMAGES_AT_ONCE = 512


def fit(
    views: BeatViews,
    pictures: NDArray[np.float16],
    labels: NDArray[np.int_],
    databases: NDArray[np.str_],
    *,
    seed: int,
    report: Callable[[str], object] = lambda _: None,
) -> "keras.Model":
    """The mean of NETWORKS networks, each trained for STEPS batches; nothing is chosen meanwhile.

    views : of the n recordings with `labels` and `databases`, shape (n,).
    """
    import keras

    countdown = Countdown(report, NAME, NETWORKS * STEPS, "steps")
    networks = [
        _fit_network(
            views, pictures, labels, databases, seed=seed + number, progress=countdown, done=number * STEPS
        )
        for number in range(NETWORKS)
    ]
    inputs = keras.Input(image_shape(), name="beat")
    mean = keras.layers.Average(dtype="float32", name="logit")([network(inputs) for network in networks])
    return keras.Model(inputs, mean, name=NAME)


def _fit_network(
    views: BeatViews,
    pictures: NDArray[np.float16],
    labels: NDArray[np.int_],
    databases: NDArray[np.str_],
    *,
    seed: int,
    progress: Countdown,
    done: int,
) -> "keras.Model":
    import keras

    keras.utils.set_random_seed(seed)
    model = beat_cnn.build(image_shape())
    schedule = keras.optimizers.schedules.CosineDecay(
        LEARNING_RATE * 0.05, STEPS - STEPS // 10, warmup_target=LEARNING_RATE, warmup_steps=STEPS // 10
    )
    model.compile(
        keras.optimizers.AdamW(
            schedule,
            weight_decay=WEIGHT_DECAY,
            use_ema=True,
            ema_momentum=AVERAGING,
            ema_overwrite_frequency=None,
        ),
        keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=LABEL_SMOOTHING),
        jit_compile=compile_steps(),
    )
    rng = np.random.default_rng(seed)
    images, targets = pictures[views.known], view_labels(labels)[views.known]
    weights = view_weights(views, databases, labels)[views.known]
    for step in range(STEPS):
        chosen = rng.choice(len(images), BATCH_SIZE, p=weights)
        take_step(
            model,
            _varied(images[chosen], rng),
            targets[chosen, None].astype(np.float32),
            where=f"{NAME}'s step {step + 1}",
            left="members and folds that are finished are kept",
        )
        progress.done(done + step + 1)
    model.optimizer.finalize_variable_values(model.trainable_variables)
    return keras.Model(model.input, model.output)  # without the optimizer, which is not released


def _varied(images: NDArray[np.float16], rng: np.random.Generator) -> NDArray[np.float32]:
    """Pictures (n, phases, bands, statistics), each shifted a little and with some bands hidden."""
    batch = images.astype(np.float32)
    for row in range(len(batch)):
        if rng.random() < FLOOR_PROBABILITY:
            batch[row] = _with_higher_floor(batch[row], rng)
        shift = (rng.integers(-MOST_PHASES, MOST_PHASES + 1), rng.integers(-MOST_BANDS, MOST_BANDS + 1))
        batch[row] = np.roll(batch[row], shift, axis=(0, 1))
        hidden = rng.integers(HIDDEN_BANDS + 1)
        first = rng.integers(batch.shape[2] - hidden + 1)
        batch[row, :, first : first + hidden] = 0
    return batch


def _with_higher_floor(image: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A picture (phases, bands, statistics) as a noisier recorder would have made it."""
    middle, low = image[..., 0], image[..., 1]
    knots = rng.normal(0, FLOOR_SLOPE_NEPERS, FLOOR_KNOTS)
    slope = np.interp(np.linspace(0, FLOOR_KNOTS - 1, image.shape[1]), np.arange(FLOOR_KNOTS), knots)
    floor = middle.min(axis=0) + rng.uniform(*FLOOR_NEPERS) + slope
    middle, low, high = (np.logaddexp(power, floor) for power in (middle, low, low + image[..., 2]))
    colour = middle.mean(axis=0)
    return np.stack([middle - colour, low - colour, high - low], axis=2)


def predict_logit(model: "keras.Model", images: NDArray[np.floating]) -> NDArray[np.float64]:
    """One logit per image (n, phases, bands, statistics); shape (n,)."""
    parts = [
        np.asarray(model.predict_on_batch(images[i : i + _IMAGES_AT_ONCE].astype(np.float32)))[:, 0]
        for i in range(0, len(images), _IMAGES_AT_ONCE)
    ]
    return np.concatenate(parts).astype(np.float64) if parts else np.empty(0)


@dataclass(frozen=True)
class FittedBeatCnn:
    """`picture` is which of the beat's pictures it reads: a field of Described."""

    model: "keras.Model"
    name: str
    picture: str

    def logits(self, corpus: Corpus, indices: NDArray[np.intp]) -> NDArray[np.float64]:
        """Logits of whole recordings, NaN where no heart cycle was found."""
        views: BeatViews = beat_views(corpus)
        out = np.full(len(indices), np.nan)
        known = views.known[indices, WHOLE]
        out[known] = predict_logit(self.model, views.pictures(self.picture)[indices[known], WHOLE])
        return out

    def logits_of_sound(self, samples: NDArray[np.float32]) -> float:
        """Logit of samples at corpus.FS_HZ, NaN where no heart cycle is found."""
        described = describe(samples - samples.mean())
        if described is None:
            return float("nan")
        return float(predict_logit(self.model, getattr(described, self.picture)[None])[0])

    def save(self, directory: Path) -> dict[str, Any]:
        """Write the network's .keras file; returns the artefact's entry."""
        self.model.save(directory / f"{self.name}.keras")
        return {
            "files": {"keras": f"{self.name}.keras"},
            "config": {"output": "logit", "shape": list(image_shape())},
        }


@dataclass(frozen=True)
class BeatCnn:
    """A network on one of the beat's pictures: `picture` is a field of Described, `kind` its name in the artefact."""

    name: str = NAME
    kind: str = "beat_image"
    picture: str = "image"

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "picture": self.picture,
            "steps": STEPS,
            "batch_size": BATCH_SIZE,
            "learning_rate": LEARNING_RATE,
            "weight_decay": WEIGHT_DECAY,
            "label_smoothing": LABEL_SMOOTHING,
            "networks": NETWORKS,
            "shift": [MOST_PHASES, MOST_BANDS],
            "hidden_bands": HIDDEN_BANDS,
            "floor": [FLOOR_PROBABILITY, list(FLOOR_NEPERS), FLOOR_KNOTS, FLOOR_SLOPE_NEPERS],
            "averaging": AVERAGING,
            "rows": VIEW_BALANCE,
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
            views.pictures(self.picture),
            corpus.labels[indices],
            corpus.databases[indices],
            seed=seed,
            report=report,
        )
        return FittedBeatCnn(model, self.name, self.picture)


def create(preset: Preset) -> BeatCnn:
    """The member, untrained; it takes nothing from the preset."""
    return BeatCnn()
