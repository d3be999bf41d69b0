"""Trains both kinds of network on a few recordings and prints what came of it, for the backend KERAS_BACKEND.

python -m tests.ml.training.tiny_members PREPARED OUT: OUT keeps the first weights, so that the next backend begins with
the same ones. Dropout is off: the backends draw it differently.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from ml.data.corpus import Corpus
from ml.dsp.beat_image import pictures_shape
from ml.nets import beat_cnn as beat_net
from ml.nets import mel_cnn as mel_net
from ml.presets import load_preset
from ml.training.backend import prepare_backend
from ml.training.callbacks import Counted, ProgressLine
from ml.training.members import beat_cnn, mel_cnn
from ml.training.members.beats import N_VIEWS, BeatViews

STEPS, EPOCHS = 6, 2


def compilations() -> list[str]:
    """A list that grows by one with each program that JAX compiles; stays empty with TensorFlow."""
    import keras

    found: list[str] = []
    if keras.backend.backend() == "jax":
        import jax

        def heard(event: str, _duration_s: float, **_: object) -> None:
            if event.endswith("backend_compile_duration"):
                found.append(event)

        jax.monitoring.register_event_duration_secs_listener(heard)
    return found


class Watched:
    """What an observer's class is told step by step: the sum of losses, and how much was compiled until then."""

    def __init__(self, observer: type, compiled: list[str]) -> None:
        self.steps: list[tuple[float, int]] = []
        tell = observer.step_ended

        def step_ended(own, state):
            tell(own, state)
            self.steps.append((state.loss_sum, len(compiled)))

        observer.step_ended = step_ended


def begin_alike(module, directory: Path) -> None:
    """Let `module` build its network with the weights of whoever built it first."""
    build = module._build

    def built(*arguments):
        model = build(*arguments)
        path = directory / f"{model.name}.weights.h5"
        if path.exists():
            model.load_weights(path)
        else:
            model.save_weights(path)
        return model

    module._build = built


def views() -> tuple[BeatViews, np.ndarray, np.ndarray]:
    """48 beats that can be told apart, their labels and databases."""
    random = np.random.default_rng(2)
    labels = np.arange(48) % 2
    pictures = 0.3 * random.standard_normal((48, N_VIEWS, *pictures_shape())).astype(np.float16)
    pictures[labels == 1, :, 6:10, 8:16] += 2
    seen = BeatViews(
        np.zeros((48, N_VIEWS, 1), np.float32),
        pictures,
        np.zeros((48, N_VIEWS, 1, 1, 1), np.float16),
        np.ones((48, N_VIEWS), bool),
        np.zeros((0, 5), np.float32),
        np.zeros(49, int),
    )
    return seen, labels, np.array(["a", "a", "b", "b"] * 12)


def main(prepared: Path, out: Path) -> None:
    prepare_backend(seed=0, threads=1)
    compiled = compilations()
    beat_net._SPATIAL_DROPOUT = beat_net._DROPOUT = mel_net._SPATIAL_DROPOUT = mel_net._DROPOUT = 0.0
    beat_cnn.STEPS, beat_cnn.EPOCH_STEPS, beat_cnn.NETWORKS = STEPS, STEPS // EPOCHS, 1
    for module in (beat_cnn, mel_cnn):
        begin_alike(module, out)
    watched = {"beat_cnn": Watched(Counted, compiled), "mel_cnn": Watched(ProgressLine, compiled)}
    seen, labels, databases = views()
    beats = beat_cnn.fit(seen, labels, databases, seed=1)

    corpus, preset = Corpus(prepared), load_preset("heart")
    training = replace(preset.training, epochs=EPOCHS, steps_per_epoch=STEPS // EPOCHS, batch_size=16)
    preset = replace(preset, training=training, augment=replace(preset.augment, murmur_probability=0.0))
    fitted = mel_cnn.create(preset).fit(
        corpus,
        np.arange(20),
        seed=1,
        work_dir=out / f"work-{len(list(out.glob('work-*')))}",
        report=lambda _: None,
    )
    logits = {
        "beat_cnn": beat_cnn.predict_logit(beats, seen.pictures[:, 0]),
        "mel_cnn": fitted.logits(corpus, np.arange(20, 40)),
    }
    before = len(compiled)
    for seconds in (5, 6, 7):
        fitted.logits_of_sound(
            np.random.default_rng(seconds).standard_normal(seconds * 2000).astype(np.float32)
        )
    result = {
        name: {
            "losses": np.diff([0.0, *(loss for loss, _ in watched[name].steps[: STEPS // EPOCHS])]).tolist(),
            "compiled": [number for _, number in watched[name].steps],
            "logits": logits[name].tolist(),
        }
        for name in watched
    }
    print(json.dumps(result | {"compiled_for_sounds": len(compiled) - before}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
