"""How training pictures are varied: a raised floor is what noise in the sound would have done, and nothing is lost."""

import numpy as np
import pytest

from ml.dsp.beat_image import beat_image, image_shape
from ml.dsp.beat_spectrum import beat_spectrum
from ml.dsp.segmentation import segment
from ml.training.members.picture_changes import varied, with_higher_floor
from tests.ml.dsp.heart_sounds import FS_HZ, steady


@pytest.fixture(scope="module")
def picture():
    x = steady(70, 20, noise=0.002).x
    return beat_image(beat_spectrum(x, FS_HZ, segment(x, FS_HZ)))


def raised(picture):
    for seed in range(20):
        yield with_higher_floor(picture, np.random.default_rng(seed))


def test_a_higher_floor_covers_the_quiet_phases_and_leaves_the_loud_ones(picture):
    contrast = np.ptp(picture[..., 0], axis=0)
    for changed in raised(picture):
        assert changed.shape == image_shape()
        assert np.all(np.isfinite(changed))
        assert np.all(np.ptp(changed[..., 0], axis=0) <= contrast + 1e-4)
        assert np.all(changed[..., 0].argmax(axis=0) == picture[..., 0].argmax(axis=0))
    assert (
        np.mean([np.ptp(changed[..., 0], axis=0).mean() for changed in raised(picture)])
        < 0.95 * contrast.mean()
    )


def test_a_higher_floor_keeps_each_bands_mean_at_zero_and_the_quartiles_in_order(picture):
    for changed in raised(picture):
        assert changed[..., 0].mean(axis=0) == pytest.approx(0, abs=1e-4)
        assert np.all(changed[..., 1] <= changed[..., 0] + 1e-4)
        assert np.all(changed[..., 2] >= 0)
        assert np.all(changed[..., 2] <= picture[..., 2] + 1e-4)


def test_pictures_are_varied_each_its_own_way_from_one_generator(picture):
    pictures = np.repeat(picture[None], 8, axis=0)
    first, second = (varied(pictures, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first, second)
    assert len({changed.tobytes() for changed in first}) == len(pictures)
    assert np.array_equal(pictures[0], picture)
