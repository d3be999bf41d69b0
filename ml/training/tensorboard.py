"""TensorBoard's files without TensorFlow: figures of steps and epochs, sounds and pictures of what is learnt from."""

import io
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ml.data.corpus import FS_HZ, Corpus
from ml.training.checkpoint import TrainingState

if TYPE_CHECKING:
    import keras

# Heart sounds at 2 kHz lie below what a laptop's loudspeaker gives; loud is the least they can be.
_PEAK = 0.9
_SAMPLES_PER_LABEL = 2
_LOSS_EVERY_STEPS = 10
_NO_RANGE = 1e-6  # a picture that is the same everywhere is not stretched


@dataclass(frozen=True)
class Sample:
    """A recording to listen to and to look at: samples (n_samples,) at `fs_hz`, picture (n_mels, n_frames).

    Without samples there is nothing to listen to; `kind` says what the picture is of.
    """

    name: str
    samples: NDArray[np.float32]
    fs_hz: int
    picture: NDArray[np.float32]
    kind: str = "spectrogram"


def samples_of(corpus: Corpus, indices: NDArray[np.intp], *, with_sound: bool = True) -> list[Sample]:
    """Recordings of each label, from the first to the last of `indices`, with their stored spectrograms."""
    found = []
    for label, word in ((0, "normal"), (1, "abnormal")):
        own = indices[corpus.labels[indices] == label]
        for index in own[np.linspace(0, len(own) - 1, min(len(own), _SAMPLES_PER_LABEL)).astype(int)]:
            picture = corpus.features(index)
            if with_sound:
                picture = np.log(picture.T + 1e-12)
            sound = corpus.samples(index) if with_sound else np.zeros(0, np.float32)
            found.append(Sample(f"{word}/{corpus.file_ids[index]}", sound, FS_HZ, picture))
    return found


def beat_samples(images: NDArray[np.float32], targets: NDArray[np.float32]) -> list[Sample]:
    """Pictures of beats (n, phases, bands, statistics) of each label (n, 1), as they are learnt from.

    Bands go upwards; the statistics stand side by side, each in its own range.
    """
    found = []
    for label, word in ((0, "normal"), (1, "abnormal")):
        for number, image in enumerate(images[targets[:, 0] == label][:_SAMPLES_PER_LABEL]):
            low, high = image.min(axis=(0, 1)), image.max(axis=(0, 1))
            scaled = (image - low) / np.maximum(high - low, _NO_RANGE)
            picture = np.concatenate(list(np.moveaxis(scaled, 2, 0)), axis=0).T
            found.append(Sample(f"{word}/{number + 1}", np.zeros(0, np.float32), FS_HZ, picture, "beat"))
    return found


class TensorBoard:
    """An observer that writes the mean loss of every ten steps and each epoch's figures; the samples are written once,
    at the start."""

    def __init__(self, directory: Path, samples: Sequence[Sample] = ()) -> None:
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        directory.mkdir(parents=True, exist_ok=True)
        self._writer = EventFileWriter(str(directory))
        self._samples = samples
        self._steps_per_epoch = self._told_step = 0
        self._told_loss = 0.0

    def started(self, epochs: int, steps_per_epoch: int, state: TrainingState) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

        self._steps_per_epoch = steps_per_epoch
        self._told_step, self._told_loss = state.step, state.loss_sum
        for sample in self._samples:
            image = Summary.Image(
                height=sample.picture.shape[0],
                width=sample.picture.shape[1],
                colorspace=3,
                encoded_image_string=_png(sample.picture),
            )
            self._write(Summary.Value(tag=f"{sample.kind}/{sample.name}", image=image), 0)
            if sample.samples.size:
                audio = Summary.Audio(
                    sample_rate=sample.fs_hz,
                    num_channels=1,
                    length_frames=sample.samples.size,
                    encoded_audio_string=_wav(sample),
                    content_type="audio/wav",
                )
                self._write(Summary.Value(tag=f"sound/{sample.name}", audio=audio), 0)
        self._writer.flush()

    def step_ended(self, state: TrainingState) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

        steps = state.step - self._told_step
        if steps < _LOSS_EVERY_STEPS:
            return
        loss = (state.loss_sum - self._told_loss) / steps
        place = state.epoch * self._steps_per_epoch + state.step
        self._write(Summary.Value(tag="loss_of_steps", simple_value=loss), place)
        self._told_step, self._told_loss = state.step, state.loss_sum

    def epoch_ended(self, model: "keras.Model", state: TrainingState) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

        self._told_step, self._told_loss = 0, 0.0
        for key, value in state.history[-1].items():
            self._write(Summary.Value(tag=key, simple_value=value), state.epoch)
        self._writer.flush()

    def _write(self, value: object, step: int) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        self._writer.add_event(Event(wall_time=time.time(), step=step, summary=Summary(value=[value])))


def _png(picture: NDArray[np.float32]) -> bytes:
    from matplotlib import image

    buffer = io.BytesIO()
    image.imsave(buffer, picture, origin="lower", cmap="magma", format="png")
    return buffer.getvalue()


def _wav(sample: Sample) -> bytes:
    import soundfile

    peak = max(float(np.abs(sample.samples).max()), 1e-9)
    buffer = io.BytesIO()
    soundfile.write(buffer, sample.samples / peak * _PEAK, sample.fs_hz, format="WAV", subtype="PCM_16")
    return buffer.getvalue()
