"""Networks, one architecture per file; `build_network(name, input_shape)` finds them. keras.ops only."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

NETWORKS = ("mel_cnn", "opsfusion_cnn")
# Part of what identifies a stored fit: raise a network's when its file changes what a training makes of it.
VERSIONS = {"beat_cnn": 1, "mel_cnn": 1, "opsfusion_cnn": 1}


def build_network(name: str, input_shape: tuple[int, ...]) -> "keras.Model":
    """An untrained network for inputs of `input_shape` (without the batch). Raises ValueError for an unknown name."""
    if name not in NETWORKS:
        raise ValueError(f"There is no network {name!r}; there are {', '.join(NETWORKS)}.")
    return import_module(f"ml.nets.{name}").build(input_shape)


def version_setting(name: str) -> dict[str, int]:
    """What a member's settings say of its network; nothing at first, so that fits from before versions stay valid."""
    return {"network_version": VERSIONS[name]} if VERSIONS[name] > 1 else {}
