"""Phase features and beat images of a corpus, computed once and kept beside its waveforms.

Each recording is seen several times: as it is, and as shorter cuts that another device might have made. The cuts are
for training alone; they are drawn from the recording's name, so that every run sees the same ones.
"""

import hashlib
import json
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from ml.data.augment import augment_batch
from ml.data.corpus import FS_HZ, Corpus
from ml.dsp.beat_image import beat_image, image_shape
from ml.dsp.beat_spectrum import beat_spectrum
from ml.dsp.phase_features import phase_feature_names, phase_features
from ml.dsp.segmentation import segment
from ml.dsp.signal_path import BEAT_FEATURES_VERSION, signal_path
from ml.errors import SignalError
from ml.training.config import AugmentConfig

CACHE_FILE = "beats.npz"
CUTS_S = ((2.2, 6.0), (6.0, 15.0))  # shortest and longest length of each cut
N_VIEWS = 1 + len(CUTS_S)
_AUGMENT = AugmentConfig(short_probability=0.0)
# What decides the views beside the sound: part of every fit's fingerprint.
VIEW_SETTINGS = {
    "version": BEAT_FEATURES_VERSION,
    "cuts_s": [list(cut) for cut in CUTS_S],
    "augment": asdict(_AUGMENT),
    "segmentation": signal_path()["segmentation_sha256"],
}
_REPORT_EVERY = 100


@dataclass(frozen=True)
class BeatViews:
    """For n recordings: features (n, N_VIEWS, n_features) float32, images (n, N_VIEWS, phases, bands, channels)
    float16, and `known` (n, N_VIEWS), false where no heart cycle was found. View 0 is the whole recording."""

    features: NDArray[np.float32]
    images: NDArray[np.float16]
    known: NDArray[np.bool_]


def describe(samples: NDArray[np.floating]) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """Features and image of samples at FS_HZ; None where no whole heart cycle is found."""
    try:
        spectrum = beat_spectrum(samples, FS_HZ, segment(samples, FS_HZ))
    except SignalError:
        return None
    return phase_features(spectrum), beat_image(spectrum)


def views_of(
    samples: NDArray[np.float32], name: str
) -> list[tuple[NDArray[np.float32], NDArray[np.float32]] | None]:
    """The whole recording and its cuts, described."""
    samples = samples - samples.mean()
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    found = [describe(samples)]
    for shortest_s, longest_s in CUTS_S:
        length = min(samples.size, int(rng.uniform(shortest_s, longest_s) * FS_HZ))
        start = int(rng.integers(samples.size - length + 1))
        cut = augment_batch(samples[None, start : start + length], FS_HZ, _AUGMENT, rng)[0]
        found.append(describe(cut - cut.mean()))
    return found


def beat_views(corpus: Corpus, report: Callable[[str], object] = lambda _: None) -> BeatViews:
    """The views of every recording of `corpus`, in its order; read from its directory if they were made before."""
    path = corpus.directory / CACHE_FILE
    fingerprint = _fingerprint(corpus)
    if path.exists():
        with np.load(path) as stored:
            if str(stored["fingerprint"]) == fingerprint:
                return BeatViews(stored["features"], stored["images"], stored["known"])
    n = len(corpus)
    features = np.zeros((n, N_VIEWS, len(phase_feature_names())), np.float32)
    images = np.zeros((n, N_VIEWS, *image_shape()), np.float16)
    known = np.zeros((n, N_VIEWS), bool)
    for index in range(n):
        for view, described in enumerate(views_of(corpus.samples(index), str(corpus.file_ids[index]))):
            if described is not None:
                features[index, view], images[index, view] = described
                known[index, view] = True
        if index % _REPORT_EVERY == 0:
            report(f"beats: {index} of {n} recordings\n")
    unfinished = path.with_suffix(".part.npz")
    np.savez(unfinished, features=features, images=images, known=known, fingerprint=fingerprint)
    unfinished.replace(path)
    return BeatViews(features, images, known)


def _fingerprint(corpus: Corpus) -> str:
    text = json.dumps([VIEW_SETTINGS, corpus.file_ids.tolist(), [row.sha256 for row in corpus.rows]])
    return hashlib.sha256(text.encode()).hexdigest()
