"""Batches for training: reproducible from (seed, epoch, step) alone, so that a resumed training sees the same ones."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ml.data.augment import augment_batch
from ml.data.corpus import FULL_SCALE, Corpus
from ml.data.murmurs import add_murmur
from ml.dsp.cycles import Cycle
from ml.dsp.mel import Floats, hann_window, mel_filterbank
from ml.dsp.mel_windows import MelWindowConfig, normalise_windows
from ml.training.config import AugmentConfig

# A database's weight grows with the square root of its recordings up to this many: a database of twenty
# recordings seen as often as one of two thousand would be learnt by heart.
_LARGE_DATABASE = 100
# A murmur in a single beat of a window would be a noise, not a murmur.
_FEWEST_BEATS_FOR_MURMUR = 2

EdgesOf = Callable[[int], NDArray[np.float32]]
"""The clear cycles of a recording, (n_cycles, 5) in seconds: onsets of S1, systole, S2, diastole and the next S1."""


class Batches(Protocol):
    """A source of training batches."""

    steps_per_epoch: int

    def batch(self, epoch: int, step: int) -> tuple[Floats, NDArray[np.float32]]:
        """Inputs and labels of a step, always the same for the same epoch and step."""


def balanced_weights(
    databases: NDArray[np.str_], labels: NDArray[np.int_], label_exponent: float = 0.0
) -> NDArray[np.float64]:
    """Sampling probability of each recording, large databases capped.

    Within a database a label's share is its count to the power of `label_exponent`: 0 makes labels equally likely, 1
    leaves them as they are.
    """
    weights = np.zeros(len(labels))
    for database in np.unique(databases):
        own = databases == database
        share = np.sqrt(min(own.sum(), _LARGE_DATABASE))
        present = [label for label in (0, 1) if (own & (labels == label)).any()]
        counts = {label: int((own & (labels == label)).sum()) for label in present}
        total = sum(count**label_exponent for count in counts.values())
        for label, count in counts.items():
            weights[own & (labels == label)] = share * count**label_exponent / total / count
    return weights / weights.sum()


class BalancedWindows:
    """Random windows of random recordings, augmented as waveforms and turned into the mel network's input."""

    def __init__(
        self,
        corpus: Corpus,
        indices: NDArray[np.intp],
        features: MelWindowConfig,
        augment: AugmentConfig,
        *,
        batch_size: int,
        steps_per_epoch: int,
        seed: int,
        label_exponent: float = 0.0,
        edges_of: EdgesOf | None = None,
    ) -> None:
        """`edges_of` tells where the beats of a recording are; without it no murmurs are laid over normal ones."""
        self.steps_per_epoch = steps_per_epoch
        self._edges_of = edges_of
        self._corpus, self._indices = corpus, indices
        self._features, self._augment = features, augment
        self._batch_size, self._seed = batch_size, seed
        self._labels = corpus.labels[indices]
        self._weights = balanced_weights(corpus.databases[indices], self._labels, label_exponent)
        self._bank = mel_filterbank(
            features.fs_hz, features.n_fft, features.n_mels, features.low_hz, features.high_hz
        ).T.copy()
        self._window = hann_window(features.n_fft, features.n_fft)

    def batch(self, epoch: int, step: int) -> tuple[Floats, NDArray[np.float32]]:
        """Windows (batch_size, window_frames, n_mels, 1) and labels (batch_size, 1)."""
        rng = np.random.default_rng([self._seed, epoch, step])
        chosen = rng.choice(len(self._indices), self._batch_size, p=self._weights)
        waveforms, starts = self._cut(chosen, rng)
        labels = self._labels[chosen].astype(np.float32)
        if self._edges_of:
            labels = self._lay_murmurs(
                waveforms, labels, self._indices[chosen], starts, rng, edges_of=self._edges_of
            )
        waveforms = augment_batch(waveforms, self._features.fs_hz, self._augment, rng)
        windows = self._windows(waveforms, rng)
        return windows[..., None], labels[:, None]

    def _cut(self, chosen: NDArray[np.intp], rng: np.random.Generator) -> tuple[Floats, NDArray[np.intp]]:
        """A piece of each chosen recording, (n, window_samples), and the sample it begins at, (n,)."""
        length = self._features.window_samples
        out = np.zeros((len(chosen), length), dtype=np.float32)
        starts = np.zeros(len(chosen), dtype=np.intp)
        for row, index in enumerate(self._indices[chosen]):
            pcm = self._corpus.pcm(index)
            starts[row] = start = int(rng.integers(0, max(1, len(pcm) - length + 1)))
            piece = pcm[start : start + length].astype(np.float32) / np.float32(FULL_SCALE)
            # A recording shorter than a window is repeated: padding is the short crops' business, below.
            out[row] = np.resize(piece, length)
        return out - out.mean(axis=1, keepdims=True), starts

    def _lay_murmurs(
        self,
        waveforms: Floats,
        labels: NDArray[np.float32],
        indices: NDArray[np.intp],
        starts: NDArray[np.intp],
        rng: np.random.Generator,
        *,
        edges_of: EdgesOf,
    ) -> NDArray[np.float32]:
        """Changes some of the normal `waveforms` where their beats are known; returns the labels that result."""
        fs_hz, labels = self._features.fs_hz, labels.copy()
        normal = (labels == 0) & (rng.random(len(labels)) < self._augment.murmur_probability)
        for row in np.flatnonzero(normal):
            edges_s = edges_of(int(indices[row])) - starts[row] / fs_hz
            inside = edges_s[(edges_s[:, 0] >= 0) & (edges_s[:, -1] <= waveforms.shape[1] / fs_hz)]
            if len(inside) >= _FEWEST_BEATS_FOR_MURMUR:
                cycles = [Cycle(s1, sys, s2, dia, end, 1.0) for s1, sys, s2, dia, end in inside.tolist()]
                waveforms[row] = add_murmur(waveforms[row], fs_hz, cycles, rng)
                labels[row] = 1
        return labels

    def _windows(self, waveforms: Floats, rng: np.random.Generator) -> Floats:
        features, augment = self._features, self._augment
        waveforms = waveforms - waveforms.mean(axis=1, keepdims=True)
        power = self._power(waveforms)
        windows = normalise_windows(power, features)
        frames_per_s = features.fs_hz / features.hop
        for row in np.flatnonzero(rng.random(len(windows)) < augment.short_probability):
            n = int(rng.uniform(*augment.short_s) * frames_per_s)
            if n < features.window_frames:
                first = (features.window_frames - n) // 2
                short = normalise_windows(power[row : row + 1, :n], features)[0]
                windows[row] = 0
                windows[row, first : first + n] = short
        return windows

    def _power(self, waveforms: Floats) -> Floats:
        from scipy.fft import rfft

        features = self._features
        half = features.n_fft // 2
        padded = np.pad(waveforms, ((0, 0), (half, half)))
        frames = sliding_window_view(padded, features.n_fft, axis=1)[:, :: features.hop]
        spectrum = rfft(frames * self._window)
        return (spectrum.real**2 + spectrum.imag**2) @ self._bank


class StoredSpectrograms:
    """Whole stored spectrograms in shuffled order, each once an epoch: the original system's way."""

    def __init__(self, inputs: Floats, labels: NDArray[np.int_], *, batch_size: int, seed: int) -> None:
        self._inputs, self._labels = inputs, labels
        self._batch_size, self._seed = batch_size, seed
        self.steps_per_epoch = -(-len(labels) // batch_size)

    def batch(self, epoch: int, step: int) -> tuple[Floats, NDArray[np.float32]]:
        """Spectrograms (n, n_mels, n_frames, 1) and labels (n, 1); an epoch's last batch may be smaller."""
        order = np.random.default_rng([self._seed, epoch]).permutation(len(self._labels))
        rows = np.sort(order[step * self._batch_size : (step + 1) * self._batch_size])
        return self._inputs[rows, ..., None], self._labels[rows, None].astype(np.float32)


def stack_features(
    corpus: Corpus, shape: tuple[int, ...], report: Callable[[str], object] = lambda text: None
) -> Floats:
    """All stored spectrograms of a corpus as one memory-mapped array (n, *shape), made at the first call."""
    path = corpus.directory / "features.npy"
    wanted = (len(corpus), *shape)
    if path.exists():
        stacked = np.load(path, mmap_mode="r")
        if stacked.shape == wanted:
            return stacked
    report(f"Stacking {len(corpus)} spectrograms into {path}\n")
    partial = path.with_suffix(".partial")
    stacked = np.lib.format.open_memmap(partial, mode="w+", dtype=np.float32, shape=wanted)
    for index in range(len(corpus)):
        stacked[index] = corpus.features(index)
    stacked.flush()
    partial.replace(path)
    return np.load(path, mmap_mode="r")
