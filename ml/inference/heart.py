"""Heart rate and the instants of S1 and S2 of a prepared recording, or nothing where there is no heartbeat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ml.errors import SignalError
from ml.inference.members import Prepared

NO_HEART = ("silent", "not_a_heartbeat")


@dataclass(frozen=True)
class Heart:
    """The rate in beats a minute and the energy peaks of S1 and S2, in seconds."""

    rate_bpm: float | None = None
    s1_times_s: tuple[float, ...] = ()
    s2_times_s: tuple[float, ...] = ()


def find_heart(prepared: Prepared, quality_reasons: Sequence[str]) -> Heart:
    """What the segmentation found; empty where the quality index says that there is no heart to be found."""
    if any(reason in NO_HEART for reason in quality_reasons):
        return Heart()
    try:
        segmentation = prepared.segmentation
    except SignalError:
        return Heart()
    s1_s = segmentation.s1_times_s
    intervals_s = np.diff(s1_s)
    rate_bpm = float(60 / np.median(intervals_s)) if intervals_s.size >= 2 else None
    return Heart(rate_bpm, tuple(s1_s.tolist()), tuple(segmentation.s2_times_s.tolist()))
