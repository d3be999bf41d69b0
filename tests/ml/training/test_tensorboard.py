import numpy as np
import pytest

from ml.data.corpus import Corpus
from ml.training.checkpoint import TrainingState
from ml.training.tensorboard import TensorBoard, samples_of

pytestmark = pytest.mark.training


def test_figures_sounds_and_pictures_can_be_read_back(prepared_heart, tmp_path):
    event_accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    corpus = Corpus(prepared_heart)
    samples = samples_of(corpus, np.arange(len(corpus)))
    assert len(samples) == 4
    board = TensorBoard(tmp_path, samples)
    board.started(2, 5, TrainingState())
    board.epoch_ended(None, TrainingState(epoch=1, history=[{"loss": 0.75}]))
    read = event_accumulator.EventAccumulator(str(tmp_path))
    read.Reload()
    assert [event.value for event in read.Scalars("loss")] == [0.75]
    tags = read.Tags()
    assert f"spectrogram/{samples[0].name}" in tags["images"]
    assert f"sound/{samples[-1].name}" in tags["audio"]
    assert read.Audio(f"sound/{samples[0].name}")[0].sample_rate == 2000
