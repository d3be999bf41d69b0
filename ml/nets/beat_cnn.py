"""A small network over the picture of an average beat: phase by frequency, three statistics."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

_BLOCKS = (24, 40, 56)  # filters; each block but the last halves phase and frequency
_SPATIAL_DROPOUT = 0.1
_DENSE = 32
_DROPOUT = 0.4


def build(input_shape: tuple[int, ...]) -> "keras.Model":
    """(n_phases, n_bands, n_statistics) to one logit of abnormal; about 60,000 parameters.

    Phases are not averaged over: early and late systole stay apart up to the dense layer. Bands are, for their last
    factor of eight: a murmur's pitch varies between people more than its place in the beat.
    """
    import keras
    from keras import layers

    inputs = keras.Input(input_shape, name="beat")
    x = layers.BatchNormalization(scale=False, center=False)(inputs)
    for number, filters in enumerate(_BLOCKS):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        x = layers.Activation("relu")(x)
        if number < len(_BLOCKS) - 1:
            x = layers.MaxPooling2D(2)(x)
        x = layers.SpatialDropout2D(_SPATIAL_DROPOUT)(x)
    x = layers.AveragePooling2D((1, x.shape[2] // 2))(x)
    x = layers.Flatten()(x)
    x = layers.Dropout(_DROPOUT)(x)
    x = layers.Dense(_DENSE, activation="relu")(x)
    x = layers.Dropout(_DROPOUT)(x)
    outputs = layers.Dense(1, dtype="float32", name="logit")(x)
    return keras.Model(inputs, outputs, name="beat_cnn")
