"""TensorBoard's files without TensorFlow: figures of each epoch, and sounds and pictures of what is learnt from."""

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


@dataclass(frozen=True)
class Sample:
    """A recording to listen to and to look at: samples (n_samples,) at `fs_hz`, picture (n_mels, n_frames)."""

    name: str
    samples: NDArray[np.float32]
    fs_hz: int
    picture: NDArray[np.float32]


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


class TensorBoard:
    """An observer that writes each epoch's figures; the samples are written once, at the start."""

    def __init__(self, directory: Path, samples: Sequence[Sample] = ()) -> None:
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        directory.mkdir(parents=True, exist_ok=True)
        self._writer = EventFileWriter(str(directory))
        self._samples = samples

    def started(self, epochs: int, steps_per_epoch: int, state: TrainingState) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

        for sample in self._samples:
            image = Summary.Image(
                height=sample.picture.shape[0],
                width=sample.picture.shape[1],
                colorspace=3,
                encoded_image_string=_png(sample.picture),
            )
            self._write(Summary.Value(tag=f"spectrogram/{sample.name}", image=image), 0)
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
        return None

    def epoch_ended(self, model: "keras.Model", state: TrainingState) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

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
