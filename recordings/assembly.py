"""Frames that arrived become one recording: holes filled with zeros and listed. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from recordings.protocol import Frame
from recordings.take_ledger import find_gaps


class Assembled(NamedTuple):
    """`pcm`: int16 of shape (n_samples,). `received_sha256`: of the bytes that arrived, in order of sequence."""

    pcm: np.ndarray
    gaps: list[list[int]]
    received_sha256: str


def assemble(frames: Sequence[Frame]) -> Assembled:
    """Put frames, in order of sequence number, at their sample indices."""
    pcm = np.zeros(max((frame.end for frame in frames), default=0), dtype=np.int16)
    digest = hashlib.sha256()
    for frame in frames:
        pcm[frame.sample_index : frame.end] = np.frombuffer(frame.pcm, dtype="<i2")
        digest.update(frame.pcm)
    gaps = find_gaps(sorted((frame.sample_index, frame.end) for frame in frames))
    return Assembled(pcm, gaps, digest.hexdigest())


def without_gaps(pcm: np.ndarray, gaps: Sequence[Sequence[int]]) -> np.ndarray:
    """Only the samples that arrived."""
    arrived = np.ones(len(pcm), dtype=bool)
    for start, n_samples in gaps:
        arrived[start : start + n_samples] = False
    return pcm[arrived]
