"""What must be set before Keras trains: seeds, memory growth, mixed precision and several devices where a GPU is."""

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

PRECISIONS = ("float32", "mixed_bfloat16")
# NVIDIA's cards compute in bfloat16 from this capability on (Ampere); on older ones it is slower than 32 bits.
_BFLOAT16_CAPABILITY = (8, 0)

# The devices that `training_scope` spreads a batch over; Keras has one such setting for a process too.
_spread_over: tuple[str, ...] = ()


@dataclass(frozen=True)
class Device:
    """A device as Keras names it ("gpu:0"), and its NVIDIA compute capability where it has one."""

    name: str
    capability: tuple[int, ...] = ()


@dataclass(frozen=True)
class Setup:
    """What the devices allow: Keras' dtype policy, and the devices that share a batch (none: there is only one)."""

    precision: str
    spread_over: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Backend:
    """What a training runs on; `precision` is Keras' dtype policy, `note` what the person at it should know."""

    name: str
    version: str
    keras_version: str
    devices: tuple[str, ...]
    precision: str
    note: str = ""


class BackendMissingError(Exception):
    """Keras or its backend is not installed; the message says how to get it."""


def prepare_backend(*, seed: int, threads: int | None = None, precision: str | None = None) -> Backend:
    """Import Keras on the backend that KERAS_BACKEND names, seeded and set up for what the machine has.

    precision : one of PRECISIONS instead of what the devices suggest. On a CPU the same seed gives the same weights.
    Raises BackendMissingError.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    name = os.environ.get("KERAS_BACKEND", "tensorflow")
    prepare = {"tensorflow": _prepare_tensorflow, "jax": _prepare_jax}.get(name)
    if prepare is None:
        raise BackendMissingError(f"KERAS_BACKEND={name} is not supported; use tensorflow or jax.")
    try:
        version, gpus = prepare(threads)
        import keras
    except ImportError as error:
        raise BackendMissingError(_how_to_install(name)) from error
    keras.utils.set_random_seed(seed)
    setup = setup_for(name, gpus)
    chosen = precision or setup.precision
    keras.config.set_dtype_policy(chosen)
    spread_over(setup.spread_over)
    return Backend(
        name, version, keras.__version__, tuple(gpu.name for gpu in gpus) or ("cpu",), chosen, setup.note
    )


def setup_for(backend: str, gpus: Sequence[Device]) -> Setup:
    """How to train on `gpus`, which may be none."""
    if not gpus:
        return Setup("float32")
    fast = all(gpu.capability >= _BFLOAT16_CAPABILITY for gpu in gpus)
    precision = "mixed_bfloat16" if fast else "float32"
    if len(gpus) == 1:
        return Setup(precision)
    if backend != "jax":
        # Keras' distribution is a prototype there that its authors warn of.
        return Setup(
            precision, note=f"Only the first of {len(gpus)} GPUs is used; KERAS_BACKEND=jax uses all of them."
        )
    return Setup(precision, tuple(gpu.name for gpu in gpus))


def spread_over(devices: Sequence[str]) -> None:
    """Let every `training_scope` from now on share a batch between `devices`; fewer than two: none."""
    global _spread_over  # noqa: PLW0603
    _spread_over = tuple(devices) if len(devices) > 1 else ()


def shares() -> int:
    """How many equal parts a batch must have: 1, or the number of devices that share it."""
    return max(1, len(_spread_over))


@contextmanager
def training_scope() -> Iterator[None]:
    """Where a network is made and its steps are taken: each device gets its share of a batch and all the weights.

    Predictions stay outside: their batches are of any size, and a network made here answers there.
    """
    if not _spread_over:
        yield
        return
    import keras

    with keras.distribution.DataParallel(devices=list(_spread_over)).scope():
        yield


def compile_steps() -> bool:
    """Keras' `jit_compile`: a step of mel_cnn takes JAX 0.15 s with it and 0.44 without, TensorFlow 0.13 and 0.10."""
    import keras

    return keras.backend.backend() == "jax"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether numpy, TensorFlow or JAX says that there is no memory left."""
    return (
        isinstance(error, MemoryError)
        or "ResourceExhausted" in type(error).__name__
        or "RESOURCE_EXHAUSTED" in str(error)
    )


def _how_to_install(name: str) -> str:
    if name == "jax":
        return (
            "Training with KERAS_BACKEND=jax needs Keras and JAX, which the server does not. Run: pip install -r"
            ' requirements.txt jax (with an NVIDIA GPU: "jax[cuda12]").'
        )
    return (
        "Training needs Keras and a backend, which the server does not. Run: pip install -r requirements.txt"
    )


def _prepare_tensorflow(threads: int | None) -> tuple[str, list[Device]]:
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    try:
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)
        if len(gpus) > 1:
            tf.config.set_visible_devices(gpus[0], "GPU")
        if threads and not gpus:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
            tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        # TensorFlow takes these settings only before its first operation; a second training in one process keeps them.
        pass
    if not gpus:
        tf.config.experimental.enable_op_determinism()
    return tf.__version__, [
        Device(
            f"gpu:{index}",
            tuple(tf.config.experimental.get_device_details(gpu).get("compute_capability", ())),
        )
        for index, gpu in enumerate(gpus)
    ]


def _prepare_jax(threads: int | None) -> tuple[str, list[Device]]:
    del threads  # XLA's own pool follows the processor affinity of the process
    # Take memory as it is needed rather than three quarters of the card at once.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    # It says at length which of the devices that it knows are not there.
    logging.getLogger("jax").setLevel(logging.WARNING)
    import jax

    gpus = [device for device in jax.devices() if device.platform == "gpu"]
    return jax.__version__, [
        Device(
            f"gpu:{index}",
            tuple(int(part) for part in str(getattr(gpu, "compute_capability", "0")).split(".")),
        )
        for index, gpu in enumerate(gpus)
    ]
