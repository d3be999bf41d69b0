"""How the beat networks' training pictures are varied: another segmentation, body, microphone and recorder."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_PHASES, MOST_BANDS = 1, 2  # by which a picture is shifted: segmentation errors, body size
HIDDEN_BANDS = 5  # at most, hidden: another microphone's dead band
# How often and how far the noise floor is raised: another recorder's noise, in nepers of power against the quietest
# phase of each band, with a random slope over the bands.
FLOOR_PROBABILITY = 0.5
FLOOR_NEPERS = (-1.5, 2.0)
FLOOR_KNOTS, FLOOR_SLOPE_NEPERS = 6, 1.0
CHANGES: dict[str, Any] = {
    "shift": [MOST_PHASES, MOST_BANDS],
    "hidden_bands": HIDDEN_BANDS,
    "floor": [FLOOR_PROBABILITY, list(FLOOR_NEPERS), FLOOR_KNOTS, FLOOR_SLOPE_NEPERS],
}


def varied(images: NDArray[np.floating], rng: np.random.Generator) -> NDArray[np.float32]:
    """Pictures (n, phases, bands, statistics), each its own way: noisier, shifted a little, some bands hidden."""
    batch = images.astype(np.float32)
    for row in range(len(batch)):
        if rng.random() < FLOOR_PROBABILITY:
            batch[row] = with_higher_floor(batch[row], rng)
        shift = (rng.integers(-MOST_PHASES, MOST_PHASES + 1), rng.integers(-MOST_BANDS, MOST_BANDS + 1))
        batch[row] = np.roll(batch[row], shift, axis=(0, 1))
        hidden = rng.integers(HIDDEN_BANDS + 1)
        first = rng.integers(batch.shape[2] - hidden + 1)
        batch[row, :, first : first + hidden] = 0
    return batch


def with_higher_floor(image: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A picture (phases, bands, statistics of ml.dsp.beat_image) as a noisier recorder would have made it."""
    middle, low = image[..., 0], image[..., 1]
    knots = rng.normal(0, FLOOR_SLOPE_NEPERS, FLOOR_KNOTS)
    slope = np.interp(np.linspace(0, FLOOR_KNOTS - 1, image.shape[1]), np.arange(FLOOR_KNOTS), knots)
    floor = middle.min(axis=0) + rng.uniform(*FLOOR_NEPERS) + slope
    middle, low, high = (np.logaddexp(power, floor) for power in (middle, low, low + image[..., 2]))
    colour = middle.mean(axis=0)
    return np.stack([middle - colour, low - colour, high - low], axis=2)
