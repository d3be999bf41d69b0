"""A compact network over a window of log-mel frames: local patterns, then their mean and spread over time."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

_BLOCKS = (24, 48, 64)  # filters; each block halves time and frequency
_CONTEXT_FILTERS = 96
_SPATIAL_DROPOUT = 0.1
_DROPOUT = 0.4
_VARIANCE_FLOOR = 1e-4


def build(input_shape: tuple[int, ...]) -> "keras.Model":
    """(n_frames, n_mels, 1) normalised log power to one logit of abnormal; about 110,000 parameters.

    Frequency is not averaged over: a band keeps its meaning up to the last layer but one. Time is, and the spread
    beside the mean tells a steady sound from one that comes and goes with the beat.
    """
    import keras
    from keras import layers, ops

    inputs = keras.Input(input_shape, name="windows")
    x = inputs
    for filters in _BLOCKS:
        x = layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        x = layers.Activation("relu")(x)
        x = layers.SpatialDropout2D(_SPATIAL_DROPOUT)(x)
    x = layers.Reshape((x.shape[1], x.shape[2] * x.shape[3]))(x)
    x = layers.Conv1D(_CONTEXT_FILTERS, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    mean = ops.mean(x, axis=1, keepdims=True)
    spread = ops.sqrt(ops.mean(ops.square(x - mean), axis=1) + _VARIANCE_FLOOR)
    x = layers.Concatenate()([layers.Flatten()(mean), spread])
    x = layers.Dropout(_DROPOUT)(x)
    outputs = layers.Dense(1, dtype="float32", name="logit")(x)
    return keras.Model(inputs, outputs, name="mel_cnn")
