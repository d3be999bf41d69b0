"""The beat network once more, on the mel scale: it divides high frequencies finely where the other divides low ones.

The mel network of the mission, aligned with the beat: on windows of a mel spectrogram the same kind of network learnt
the recorder more than the heart (docs/experiments.md).
"""

from ml.training.config import Preset
from ml.training.members.beat_cnn import BeatCnn


def create(preset: Preset) -> BeatCnn:
    """The member, untrained; it takes nothing from the preset."""
    return BeatCnn(name="mel_beat_cnn", kind="mel_beat_image", picture="mel_image")
