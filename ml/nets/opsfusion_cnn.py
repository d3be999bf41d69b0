"""The original system's network: three convolutional blocks, global average, one dense layer, a probability."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

_FILTERS = (32, 64, 128)
_BLOCK_DROPOUT = 0.25
_DENSE_UNITS = 128
_DENSE_DROPOUT = 0.5


def build(input_shape: tuple[int, ...]) -> "keras.Model":
    """(n_mels, n_frames, 1) decibels to a probability of abnormal; about 110,000 parameters."""
    import keras
    from keras import layers

    inputs = keras.Input(input_shape, name="spectrogram")
    x = inputs
    for filters in _FILTERS:
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.BatchNormalization()(x)
        x = layers.MaxPooling2D(2)(x)
        x = layers.Dropout(_BLOCK_DROPOUT)(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(_DENSE_UNITS, activation="relu")(x)
    x = layers.Dropout(_DENSE_DROPOUT)(x)
    # Mixed precision or not, a probability is computed in 32 bits.
    outputs = layers.Dense(1, activation="sigmoid", dtype="float32", name="probability")(x)
    return keras.Model(inputs, outputs, name="opsfusion_cnn")
