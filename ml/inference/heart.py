"""Heart rate and the instants of S1 and S2 of a prepared recording, or nothing where there is no heartbeat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ml.dsp.heart_rate import rate_from_segmentation
from ml.errors import SignalError
from ml.inference.members import Prepared

NO_HEART = ("silent", "not_a_heartbeat")


@dataclass(frozen=True)
class Heart:
    """The rate in beats a minute, the energy peaks of S1 and S2 in seconds, and what the evidence says of rhythm."""

    rate_bpm: float | None = None
    s1_times_s: tuple[float, ...] = ()
    s2_times_s: tuple[float, ...] = ()
    irregular: bool = False
    range_bpm: tuple[float | None, float | None] = (None, None)

    @property
    def rhythm(self) -> dict[str, Any]:
        """`irregular` and the range of rates that most beats lie in, as plain JSON types."""
        return {
            "irregular": self.irregular,
            "range_bpm": [None if bpm is None else round(bpm, 1) for bpm in self.range_bpm],
        }


def find_heart(prepared: Prepared, quality_reasons: Sequence[str]) -> Heart:
    """What the segmentation found; empty where the quality index says that there is no heart to be found."""
    if any(reason in NO_HEART for reason in quality_reasons):
        return Heart()
    try:
        segmentation = prepared.segmentation
    except SignalError:
        return Heart()
    rate = rate_from_segmentation(segmentation)
    return Heart(
        rate_bpm=rate.bpm,
        s1_times_s=tuple(float(time_s) for time_s in segmentation.s1_times_s),
        s2_times_s=tuple(float(time_s) for time_s in segmentation.s2_times_s),
        irregular=rate.irregular,
        range_bpm=(rate.low_bpm, rate.high_bpm),
    )
