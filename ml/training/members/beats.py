"""Phase features and beat pictures of a corpus, computed once and kept beside its waveforms.

Each recording is seen several times: as it is, as shorter cuts that another device might have made, and, if it is a
normal one, with murmurs laid over it. All but the first are for training alone; they are drawn from the recording's
name, so that every run sees the same ones.
"""

import hashlib
import json
import os
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml.data.augment import augment_batch
from ml.data.corpus import FS_HZ, FULL_SCALE, WAVEFORMS_FILE, Corpus
from ml.data.murmurs import MURMUR_SETTINGS, add_murmur
from ml.dsp.beat_image import beat_pictures, pictures_shape
from ml.dsp.beat_spectrum import BeatSpectrum, beat_spectrum
from ml.dsp.cycles import cycle_edges_s
from ml.dsp.peak_picture import peak_picture, peak_shape
from ml.dsp.phase_features import phase_feature_names, phase_features
from ml.dsp.segmentation import Segmentation, segment
from ml.dsp.signal_path import BEAT_FEATURES_VERSION, PEAK_PICTURE_VERSION, signal_path
from ml.errors import SignalError
from ml.threads import use_one_thread
from ml.training.callbacks import Countdown
from ml.training.config import AugmentConfig

CACHE_FILE = "beats.npz"
VERSION = 2  # raise it when the drawing of views changes
WHOLE = 0  # the view that is judged
CUTS_S = ((2.2, 6.0), (6.0, 15.0))  # shortest and longest length of each cut
MURMURS_S = ((4.0, 12.0), (2.2, 8.0))  # of each cut with a murmur; the last of them is augmented as well
N_VIEWS = 1 + len(CUTS_S) + len(MURMURS_S)
MURMUR_VIEWS = slice(1 + len(CUTS_S), N_VIEWS)
_AUGMENT = AugmentConfig(short_probability=0.0)
_SEED_OF_MURMURS = 7
# What decides the views beside the sound: part of every fit's fingerprint.
VIEW_SETTINGS = {
    "version": [VERSION, BEAT_FEATURES_VERSION],
    "cuts_s": [list(cut) for cut in CUTS_S],
    "murmurs_s": [list(cut) for cut in MURMURS_S],
    "murmurs": MURMUR_SETTINGS,
    "augment": asdict(_AUGMENT),
    "segmentation": signal_path()["segmentation_sha256"],
}
_CHUNK = 16


class Described(NamedTuple):
    """What the members read of one sound: features (n_features,), the pictures of its average beat, and the one about
    the peaks of S1 and S2."""

    features: NDArray[np.float32]
    pictures: NDArray[np.float32]
    peak_pictures: NDArray[np.float32]


@dataclass(frozen=True)
class BeatViews:
    """For n recordings: features (n, N_VIEWS, n_features) float32, pictures (n, N_VIEWS, phases, bands, channels of
    both) and peak_pictures (n, N_VIEWS, moments, bands, channels) float16, and `known` (n, N_VIEWS), false where no
    heart cycle was found or where there is no such view.

    `cycle_edges_s` (n_cycles, 5) are the clear cycles of the whole recordings, those cut by an end among them, one
    after the other: onset of S1, systole, S2, diastole and the next S1; recording i's are those from `first_cycle[i]`
    to `first_cycle[i + 1]`.
    """

    features: NDArray[np.float32]
    pictures: NDArray[np.float16]
    peak_pictures: NDArray[np.float16]
    known: NDArray[np.bool_]
    cycle_edges_s: NDArray[np.float32]
    first_cycle: NDArray[np.intp]

    def take(self, indices: NDArray[np.intp]) -> "BeatViews":
        """The views of some recordings, in the order of `indices`; the cycles stay those of all."""
        return replace(
            self,
            features=self.features[indices],
            pictures=self.pictures[indices],
            peak_pictures=self.peak_pictures[indices],
            known=self.known[indices],
        )

    def edges_of(self, index: int) -> NDArray[np.float32]:
        """The clear cycles of a recording, (n_cycles, 5) in seconds."""
        return self.cycle_edges_s[self.first_cycle[index] : self.first_cycle[index + 1]]


def view_labels(labels: NDArray[np.int_]) -> NDArray[np.int_]:
    """The label of every view, (n, N_VIEWS): the recording's own, abnormal where a murmur was laid over it."""
    result = np.repeat(labels[:, None], N_VIEWS, axis=1)
    result[:, MURMUR_VIEWS] = 1
    return result


def describe(samples: NDArray[np.floating]) -> Described | None:
    """What the members read of samples at FS_HZ; None where no heart cycle is found."""
    return _described(_spectrum(samples, _segmented(samples)))


def views_of(
    samples: NDArray[np.float32], name: str, *, abnormal: bool
) -> tuple[list[Described | None], NDArray[np.float32]]:
    """The whole recording, its cuts and, unless it is abnormal, murmurs laid over it; and its cycles' edges (n, 5)."""
    samples = samples - samples.mean()
    whole = _spectrum(samples, _segmented(samples))
    found = [_described(whole)]
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    for range_s in CUTS_S:
        found.append(describe(_augmented(_cut(samples, range_s, rng), rng)))
    rng = np.random.default_rng([_SEED_OF_MURMURS, zlib.crc32(name.encode())])
    for number, range_s in enumerate(MURMURS_S):
        found.append(None if abnormal else _with_murmur(samples, range_s, rng, augmented=number > 0))
    return found, _edges_s(whole)


def beat_views(corpus: Corpus, report: Callable[[str], object] = lambda _: None) -> BeatViews:
    """The views of every recording of `corpus`, in its order; read from its directory if they were made before."""
    path = corpus.directory / CACHE_FILE
    fingerprint = _fingerprint(corpus)
    if path.exists():
        with np.load(path) as stored:
            if str(stored["fingerprint"]) == fingerprint:
                return BeatViews(**{key: stored[key] for key in BeatViews.__dataclass_fields__})
    n = len(corpus)
    features = np.zeros((n, N_VIEWS, len(phase_feature_names())), np.float32)
    pictures = np.zeros((n, N_VIEWS, *pictures_shape()), np.float16)
    peak_pictures = np.zeros((n, N_VIEWS, *peak_shape()), np.float16)
    known = np.zeros((n, N_VIEWS), bool)
    edges_s = []
    for index, (found, own_edges_s) in enumerate(_in_processes(corpus, report)):
        edges_s.append(own_edges_s)
        for view, described in enumerate(found):
            if described is not None:
                features[index, view], pictures[index, view], peak_pictures[index, view] = described
                known[index, view] = True
    first_cycle = np.concatenate([[0], np.cumsum([len(own) for own in edges_s])])
    views = BeatViews(features, pictures, peak_pictures, known, np.concatenate(edges_s), first_cycle)
    unfinished = path.with_suffix(".part.npz")
    np.savez(unfinished, fingerprint=fingerprint, **vars(views))
    unfinished.replace(path)
    return views


def _in_processes(
    corpus: Corpus, report: Callable[[str], object]
) -> Iterator[tuple[list[Described | None], NDArray[np.float32]]]:
    countdown = Countdown(report, "beats", len(corpus), "recordings")
    # A fresh interpreter per worker: forking a process that has started threads can hang.
    with ProcessPoolExecutor(
        os.cpu_count(), mp_context=get_context("forkserver"), initializer=_open, initargs=(corpus.directory,)
    ) as pool:
        jobs = [(str(row.file_id), row.first_sample, row.n_samples, row.label) for row in corpus.rows]
        for done, result in enumerate(pool.map(_views_of_job, jobs, chunksize=_CHUNK), start=1):
            countdown.done(done)
            yield result


# The waveforms of a worker process, opened once.
_opened: dict[str, NDArray[np.int16]] = {}


def _open(directory: Path) -> None:
    use_one_thread()
    _opened["waveforms"] = np.load(directory / WAVEFORMS_FILE, mmap_mode="r")


def _views_of_job(job: tuple[str, int, int, int]) -> tuple[list[Described | None], NDArray[np.float32]]:
    name, first, n_samples, label = job
    pcm = _opened["waveforms"][first : first + n_samples]
    return views_of(pcm.astype(np.float32) / np.float32(FULL_SCALE), name, abnormal=label == 1)


def _segmented(samples: NDArray[np.floating]) -> Segmentation | None:
    try:
        return segment(samples, FS_HZ)
    except SignalError:
        return None


def _spectrum(samples: NDArray[np.floating], segmentation: Segmentation | None) -> BeatSpectrum | None:
    if segmentation is None or not segmentation.readable_cycles:
        return None
    return beat_spectrum(samples, FS_HZ, segmentation)


def _described(spectrum: BeatSpectrum | None) -> Described | None:
    if spectrum is None:
        return None
    return Described(phase_features(spectrum), beat_pictures(spectrum), peak_picture(spectrum))


def _edges_s(spectrum: BeatSpectrum | None) -> NDArray[np.float32]:
    return cycle_edges_s(spectrum.cycles if spectrum else []).astype(np.float32)


def _cut(
    samples: NDArray[np.float32], range_s: tuple[float, float], rng: np.random.Generator
) -> NDArray[np.float32]:
    length = min(samples.size, int(rng.uniform(*range_s) * FS_HZ))
    start = int(rng.integers(samples.size - length + 1))
    return samples[start : start + length]


def _augmented(samples: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    changed = augment_batch(samples[None], FS_HZ, _AUGMENT, rng)[0]
    return changed - changed.mean()


def _with_murmur(
    samples: NDArray[np.float32], range_s: tuple[float, float], rng: np.random.Generator, *, augmented: bool
) -> Described | None:
    cut = _cut(samples, range_s, rng)
    segmentation = _segmented(cut)
    if segmentation is None or not segmentation.readable_cycles:
        return None
    changed = add_murmur(cut, FS_HZ, segmentation.readable_cycles, rng)
    return describe(_augmented(changed, rng) if augmented else changed - changed.mean())


def _fingerprint(corpus: Corpus) -> str:
    what = [*BeatViews.__dataclass_fields__, PEAK_PICTURE_VERSION]
    parts = [VIEW_SETTINGS, what, corpus.file_ids.tolist()]
    text = json.dumps([*parts, [row.sha256 for row in corpus.rows]])
    return hashlib.sha256(text.encode()).hexdigest()
