"""What must be set before Keras trains: seeds, memory growth, mixed precision where a GPU is. Tests no architecture."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Backend:
    """What a training runs on; `precision` is Keras' dtype policy."""

    name: str
    version: str
    keras_version: str
    devices: tuple[str, ...]
    precision: str


class BackendMissingError(Exception):
    """Keras or its backend is not installed; the message says how to get it."""


def prepare_backend(*, seed: int, threads: int | None = None) -> Backend:
    """Import Keras on the backend that KERAS_BACKEND names, seeded and set up for what the machine has.

    On a CPU the same seed gives the same weights. Raises BackendMissingError.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        import keras
    except ImportError as error:
        raise BackendMissingError(
            "Training needs Keras and a backend, which the server does not. Run: pip install -r requirements.txt"
        ) from error
    name = keras.backend.backend()
    setup = {"tensorflow": _prepare_tensorflow, "jax": _prepare_jax}.get(name)
    if setup is None:
        raise BackendMissingError(f"KERAS_BACKEND={name} is not supported; use tensorflow or jax.")
    version, gpus = setup(threads)
    keras.utils.set_random_seed(seed)
    precision = "mixed_bfloat16" if gpus else "float32"
    keras.config.set_dtype_policy(precision)
    if len(gpus) > 1:
        keras.distribution.set_distribution(keras.distribution.DataParallel())
    return Backend(name, version, keras.__version__, gpus or ("cpu",), precision)


def _prepare_tensorflow(threads: int | None) -> tuple[str, tuple[str, ...]]:
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    try:
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)
        if threads and not gpus:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
            tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        # TensorFlow takes these settings only before its first operation; a second training in one process keeps them.
        pass
    if not gpus:
        tf.config.experimental.enable_op_determinism()
    return tf.__version__, tuple(gpu.name for gpu in gpus)


def _prepare_jax(threads: int | None) -> tuple[str, tuple[str, ...]]:
    del threads  # XLA's own pool follows the processor affinity of the process
    import jax

    return jax.__version__, tuple(str(device) for device in jax.devices() if device.platform == "gpu")
