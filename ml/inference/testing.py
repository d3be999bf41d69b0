"""A predictor without a model, for the tests of whatever shows a reading.

Honest: it measures duration, level and quality with the same code as the real one, refuses what that refuses, and its
probability depends on the sound. Only the probability itself means nothing.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ml.dsp.cleaning import check_samples
from ml.dsp.quality import assess_quality, measure_level
from ml.dsp.resample import ANALYSIS_RATE_HZ
from ml.inference.heart import find_heart
from ml.inference.members import prepare
from ml.inference.predictor import require_readable
from ml.inference.reading import HeartSoundReading, ModelIdentity, SignalQuality, label_for


@dataclass(frozen=True)
class FakePredictor:
    """Reads any sound as `probability_abnormal`, or, where that is None, as its share of energy above 100 Hz."""

    name: str = "fake"
    version: str = "0"
    probability_abnormal: float | None = None
    threshold: float = 0.5
    unsure_band: tuple[float, float] = (0.4, 0.6)
    session_calibration: Mapping[str, float] = field(default_factory=dict)

    def read(self, samples: np.ndarray, fs: int, *, explain: bool = True) -> HeartSoundReading:
        """See `ml.inference.predictor.Predictor`."""
        started = time.perf_counter()
        samples = check_samples(samples)
        require_readable(samples, fs)
        prepared = prepare(samples, fs)
        found = assess_quality(prepared.samples, measure_level(samples, fs))
        quality = SignalQuality(found.usable, found.score, found.reasons)
        heart = find_heart(prepared, found.reasons)
        probability = self._probability(prepared.samples)
        evidence = {"sentence": "A fake predictor has no evidence."} if explain else {}
        label, reason = label_for(probability, self.threshold, self.unsure_band, quality)
        return HeartSoundReading(
            label=label,
            unsure_reason=reason,
            probability_abnormal=probability,
            threshold=self.threshold,
            unsure_band=self.unsure_band,
            quality=quality,
            heart_rate_bpm=heart.rate_bpm,
            duration_s=samples.size / fs,
            sample_rate_hz=int(fs),
            s1_times_s=heart.s1_times_s,
            s2_times_s=heart.s2_times_s,
            model=ModelIdentity(self.name, self.version),
            elapsed_ms=(time.perf_counter() - started) * 1e3,
            evidence={"rhythm": heart.rhythm, **evidence},
        )

    def _probability(self, x: np.ndarray) -> float:
        if self.probability_abnormal is not None:
            return self.probability_abnormal
        power = np.abs(np.fft.rfft(x)) ** 2
        share = power[np.fft.rfftfreq(x.size, 1 / ANALYSIS_RATE_HZ) > 100].sum() / (power.sum() + 1e-20)
        return 1 / (1 + math.exp(-10 * (float(share) - 0.3)))
