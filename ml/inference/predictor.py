"""Reads one recording: clean, resample, judge the quality, segment, ask every member, calibrate, label."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from ml.dsp.cleaning import check_samples
from ml.dsp.quality import assess_quality, measure_level
from ml.errors import SignalError
from ml.inference.artefact import Artefact, OperatingPoint, load_artefact
from ml.inference.explain import explain as explain_reading
from ml.inference.heart import find_heart
from ml.inference.members import LoadedMember, Prepared, prepare
from ml.inference.reading import HeartSoundReading, ModelIdentity, SignalQuality, label_for
from ml.threads import use_one_thread

MIN_DURATION_S = 0.5
NO_LOGIT = 0.0
WARM_UP_S, WARM_UP_RATE_HZ = 4.0, 8000


class Predictor(Protocol):
    """Whatever reads a recording. `ml.inference.testing.FakePredictor` is the other implementation."""

    @property
    def name(self) -> str:
        """The model's name."""

    @property
    def version(self) -> str:
        """The model's version."""

    @property
    def session_calibration(self) -> Mapping[str, float]:
        """`slope` and `intercept` of the session-level reading (see `ml.inference.session`)."""

    def read(self, samples: np.ndarray, fs: int, *, explain: bool = True) -> HeartSoundReading:
        """Read `samples` (n_samples,), float in [-1, 1], at `fs` Hz. Raises SignalError for sound nobody can
        read."""


@dataclass(frozen=True)
class EnsemblePredictor:
    """The weighted mean of the members' logits, calibrated, at one operating point."""

    artefact: Artefact
    members: tuple[LoadedMember, ...]
    point: OperatingPoint

    @classmethod
    def load(
        cls, directory: Path, *, engine: str = "auto", operating_point: str = "balanced"
    ) -> EnsemblePredictor:
        """Verify the model's files and open a session on each. Raises ArtefactError or EngineError."""
        artefact = load_artefact(directory)
        point = artefact.point(operating_point)
        use_one_thread()
        members = tuple(LoadedMember.load(artefact, member, engine) for member in artefact.members)
        predictor = cls(artefact, members, point)
        predictor._warm_up()
        return predictor

    def at(self, operating_point: str, sensitivity: float | None = None) -> EnsemblePredictor:
        """The same loaded model at another operating point; `adjusted` takes the wanted `sensitivity`.

        Raises ArtefactError artefact.operating_point for one that the model does not have.
        """
        return replace(self, point=self.artefact.point(operating_point, sensitivity))

    @property
    def name(self) -> str:
        """The model's name."""
        return self.artefact.name

    @property
    def version(self) -> str:
        """The model's version."""
        return self.artefact.version

    @property
    def session_calibration(self) -> Mapping[str, float]:
        """Calibration of the session-level reading."""
        return self.artefact.session

    def read(self, samples: np.ndarray, fs: int, *, explain: bool = True) -> HeartSoundReading:
        """Read `samples` (n_samples,), float in [-1, 1], at `fs` Hz.

        `explain=False` leaves all but the rhythm out of the evidence and saves time.
        Raises SignalError: signal.shape, signal.not_finite, signal.rate, signal.too_short (under half a
        second).
        """
        started = time.perf_counter()
        samples = check_samples(samples)
        require_readable(samples, fs)
        level = measure_level(samples, fs)
        prepared = prepare(samples, fs, despike=bool(self.artefact.preprocessing.get("remove_spikes", False)))
        quality = assess_quality(prepared.samples, level, prepared.segmentation)
        heart = find_heart(prepared, quality.reasons)
        logit = self.logit(prepared)
        probability = self.point.calibration.probability(logit)
        signal_quality = SignalQuality(quality.usable, quality.score, quality.reasons)
        evidence = explain_reading(self, prepared, logit, quality.reasons) if explain else {}
        label, reason = label_for(probability, self.point.threshold, self.point.unsure_band, signal_quality)
        return HeartSoundReading(
            label=label,
            unsure_reason=reason,
            probability_abnormal=probability,
            threshold=self.point.threshold,
            unsure_band=self.point.unsure_band,
            quality=signal_quality,
            heart_rate_bpm=heart.rate_bpm,
            duration_s=samples.size / fs,
            sample_rate_hz=int(fs),
            s1_times_s=heart.s1_times_s,
            s2_times_s=heart.s2_times_s,
            model=ModelIdentity(self.name, self.version),
            evidence={"rhythm": heart.rhythm, **evidence},
            elapsed_ms=(time.perf_counter() - started) * 1e3,
        )

    def _warm_up(self) -> None:
        """Import and cache all that a reading needs, so that the first patient does not wait for it."""
        time_s = np.arange(int(WARM_UP_S * WARM_UP_RATE_HZ)) / WARM_UP_RATE_HZ
        pulses = np.sin(2 * np.pi * 50 * time_s) * ((time_s % 0.8 < 0.1) + 1e-3)
        prepared = prepare(pulses, WARM_UP_RATE_HZ)
        assess_quality(prepared.samples, measure_level(pulses, WARM_UP_RATE_HZ), prepared.segmentation)
        find_heart(prepared, ())
        explain_reading(self, prepared, self.logit(prepared), ())

    def logit(self, prepared: Prepared) -> float:
        """Weighted mean over the members that can say something; 0 where none can."""
        pairs = [(member.logit(prepared), member.member.weight) for member in self.members]
        said = [(logit, weight) for logit, weight in pairs if logit is not None]
        if not said:
            return NO_LOGIT
        return sum(logit * weight for logit, weight in said) / sum(weight for _, weight in said)


def require_readable(samples: np.ndarray, fs: int) -> None:
    """Refuse what cannot hold one heartbeat, whatever a model would say.

    Raises SignalError signal.rate for a rate that is not positive, signal.too_short under half a second.
    """
    if fs <= 0:
        raise SignalError("signal.rate", f"The sample rate of {fs} Hz is not one this software can read.")
    if samples.size < MIN_DURATION_S * fs:
        raise SignalError("signal.too_short", "The recording is shorter than half a second.")
