"""A training's state on disk: weights with the optimizer's, and where it was, replaced atomically."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

_BEST = "best.weights.h5"
_STATE = "checkpoint.json"


@dataclass
class TrainingState:
    """Where a training stands: the next step is (`epoch`, `step`); waits count epochs without improvement."""

    epoch: int = 0
    step: int = 0
    learning_rate: float = 0.0
    best_score: float | None = None
    best_epoch: int = -1
    epochs_since_best: int = 0
    epochs_since_lr: int = 0
    loss_sum: float = 0.0
    finished: bool = False
    history: list[dict[str, float]] = field(default_factory=list)


class Checkpoint:
    """The checkpoint of one training in a folder."""

    def __init__(self, directory: Path, fingerprint: dict[str, Any]) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        # Through JSON, so that tuples and lists compare equal to what is read back.
        self._fingerprint = json.loads(json.dumps(fingerprint))

    def save(self, model: "keras.Model", state: TrainingState) -> None:
        """Write weights, optimizer and state; a crash leaves either the old or the new ones."""
        partial = self.directory / f"partial-{os.getpid()}.keras"
        model.save(partial)
        name = f"checkpoint-{state.epoch:04d}-{state.step:05d}.keras"
        partial.replace(self.directory / name)
        # Keras leaves the state of dropout's random numbers out of what it saves.
        seeds = [[int(value) for value in variable.numpy()] for variable in _seed_states(model)]
        content = {"weights": name, "seeds": seeds, "fingerprint": self._fingerprint, "state": asdict(state)}
        text = json.dumps(content, indent=1)
        partial_state = self.directory / f"partial-{os.getpid()}.json"
        partial_state.write_text(text, encoding="utf-8")
        partial_state.replace(self.directory / _STATE)
        for old in self.directory.glob("checkpoint-*.keras"):
            if old.name != name:
                old.unlink()

    def load(self) -> tuple["keras.Model", TrainingState] | None:
        """The stored model and state; None when there is none or it is of a training with other settings."""
        import keras

        try:
            stored = json.loads((self.directory / _STATE).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        if stored["fingerprint"] != self._fingerprint:
            return None
        model = keras.saving.load_model(self.directory / stored["weights"])
        for variable, value in zip(_seed_states(model), stored["seeds"], strict=True):
            variable.assign(value)
        return model, TrainingState(**stored["state"])

    def save_best(self, model: "keras.Model") -> None:
        """Keep the weights of the best epoch so far."""
        model.save_weights(self.directory / _BEST)

    def restore_best(self, model: "keras.Model") -> None:
        """Put the best epoch's weights into `model`, if any were kept."""
        if (self.directory / _BEST).exists():
            model.load_weights(self.directory / _BEST)


def _seed_states(model: "keras.Model") -> list["keras.Variable"]:
    return [
        variable
        for variable in model.non_trainable_variables
        if variable.path.endswith("seed_generator_state")
    ]
