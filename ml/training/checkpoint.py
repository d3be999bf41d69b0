"""A training's state on disk: weights with the optimizer's, and where it was, replaced atomically."""

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

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
        """Write weights, optimizer and state; whenever the process ends, either the old or the new ones are there."""
        partial = self._partial(".keras")
        model.save(partial)
        digest = _sha256(partial)
        name = f"checkpoint-{state.epoch:04d}-{state.step:05d}.keras"
        _put(partial, self.directory / name)
        # Keras leaves the state of dropout's random numbers out of what it saves.
        seeds = [[int(value) for value in variable.numpy()] for variable in _seed_states(model)]
        content = {
            "weights": name,
            "sha256": digest,
            "seeds": seeds,
            "fingerprint": self._fingerprint,
            "state": asdict(state),
        }
        partial_state = self._partial(".json")
        partial_state.write_text(json.dumps(content, indent=1), encoding="utf-8")
        _put(partial_state, self.directory / _STATE)
        self._remove_all_but(name, self._best(state.best_epoch).name)

    def load(self) -> tuple["keras.Model", TrainingState] | None:
        """The stored model and state; None when there is none, it is damaged or of a training with other settings."""
        import keras

        try:
            stored = json.loads((self.directory / _STATE).read_text(encoding="utf-8"))
            if stored["fingerprint"] != self._fingerprint:
                return None
            weights = self.directory / stored["weights"]
            if _sha256(weights) != stored["sha256"]:
                return None
        except (FileNotFoundError, ValueError, KeyError):
            return None
        model = keras.saving.load_model(weights)
        for variable, value in zip(_seed_states(model), stored["seeds"], strict=True):
            variable.assign(value)
        return model, TrainingState(**stored["state"])

    def save_best(self, model: "keras.Model", epoch: int) -> None:
        """Keep the weights of `epoch`, the best so far; the ones before stay until `save` has named the new ones."""
        partial = self._partial(".weights.h5")
        model.save_weights(partial)
        _put(partial, self._best(epoch))

    def restore_best(self, model: "keras.Model", state: TrainingState) -> None:
        """Put the best epoch's weights into `model`, if there was one."""
        if state.best_epoch >= 0:
            model.load_weights(self._best(state.best_epoch))

    def _best(self, epoch: int) -> Path:
        return self.directory / f"best-{epoch:04d}.weights.h5"

    def _partial(self, suffix: str) -> Path:
        return self.directory / f"partial-{os.getpid()}{suffix}"

    def _remove_all_but(self, *kept: str) -> None:
        for pattern in ("checkpoint-*.keras", "best-*.weights.h5", "partial-*"):
            for old in self.directory.glob(pattern):
                if old.name not in kept:
                    old.unlink()


def _put(partial: Path, path: Path) -> None:
    """Under its own name only once it is on the disk: a rename may outlive the bytes it names."""
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(path)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _seed_states(model: "keras.Model") -> list["keras.Variable"]:
    return [
        variable
        for variable in model.non_trainable_variables
        if variable.path.endswith("seed_generator_state")
    ]
