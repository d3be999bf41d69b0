import numpy as np
import pytest

from ml.data.corpus import Corpus
from ml.training.checkpoint import TrainingState
from ml.training.tensorboard import TensorBoard, beat_samples, samples_of

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


def test_the_loss_of_every_ten_steps_is_of_those_alone(tmp_path):
    event_accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    board = TensorBoard(tmp_path)
    board.started(2, 20, TrainingState(epoch=0, step=3, loss_sum=300.0))
    loss = 300.0
    for step in range(4, 21):
        loss += 1.0 if step <= 13 else 5.0
        board.step_ended(TrainingState(epoch=0, step=step, loss_sum=loss))
    board.epoch_ended(None, TrainingState(epoch=1, history=[{"loss": 1.0}]))
    for step in range(1, 11):
        board.step_ended(TrainingState(epoch=1, step=step, loss_sum=2.0 * step))
    board.epoch_ended(None, TrainingState(epoch=2, history=[{"loss": 1.0}]))
    read = event_accumulator.EventAccumulator(str(tmp_path))
    read.Reload()
    assert [(event.step, event.value) for event in read.Scalars("loss_of_steps")] == [(13, 1.0), (30, 2.0)]


def test_pictures_of_beats_lie_side_by_side_each_in_its_own_range():
    images = np.zeros((6, 4, 3, 2), np.float32)
    images[..., 0] = np.arange(3) * 100
    images[5, 2, 1, 1] = 1e-3
    samples = beat_samples(images, np.array([[0], [1], [0], [0], [0], [1]], np.float32))
    assert [sample.name for sample in samples] == ["normal/1", "normal/2", "abnormal/1", "abnormal/2"]
    assert samples[0].picture.shape == (3, 8)
    assert samples[0].picture[:, 0].tolist() == [0, 0.5, 1]
    assert samples[3].picture[1, 4 + 2] == pytest.approx(1)
    assert not samples[0].samples.size
