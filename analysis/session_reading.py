"""One reading for a whole session: the fusion of what the user may see of its takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from analysis.scope import scope_objection
from analysis.selectors import REASONS, VisibleResult
from ml.inference.reading import HeartSoundReading, ModelIdentity, SignalQuality
from ml.inference.session import SITES_FOR_NORMAL, SessionReading, read_session
from ml.inference.wording import OUT_OF_SCOPE, UNSURE, wording_for
from recordings.models import Recording

Take = tuple[Recording, VisibleResult | None]


@dataclass(frozen=True)
class VisibleSessionReading:
    """What the takes say together. `n_sites` counts the places with a usable take; Normal needs `sites_needed`."""

    label: str
    headline: str
    sentence: str
    reason_text: str
    probability_abnormal: float | None
    n_takes: int
    n_usable: int
    n_sites: int
    sites_needed: int = SITES_FOR_NORMAL


def session_reading(
    takes: Iterable[Take], calibration: dict[str, float] | None
) -> VisibleSessionReading | None:
    """Fuse the finished results of the takes that are kept; None until two are there.

    Takes of an unnamed site count as one site together: nothing says that they are of different places.
    """
    kept = [
        (take, result) for take, result in takes if take.is_kept and result is not None and result.is_done
    ]
    if len(kept) < 2:
        return None
    readings = [_as_reading(result) for _, result in kept]
    sites = [take.site or "unnamed" for take, _ in kept]
    fused = read_session(readings, calibration=calibration, sites=sites)
    label, reason = fused.label, fused.unsure_reason
    if scope_objection(kept[0][0]):
        label, reason = UNSURE, OUT_OF_SCOPE
    headline, sentence = wording_for(label, reason)
    n_sites = len({site for site, reading in zip(sites, readings, strict=True) if reading.quality.usable})
    if reason == "quality":
        sentence = _what_is_missing(fused, n_sites)
    return VisibleSessionReading(
        label=label,
        headline=headline,
        sentence=sentence,
        reason_text=REASONS.get(reason or "", ""),
        probability_abnormal=fused.probability_abnormal,
        n_takes=len(kept),
        n_usable=fused.n_usable,
        n_sites=n_sites,
    )


def _what_is_missing(fused: SessionReading, n_sites: int) -> str:
    if fused.n_usable == 0:
        return "No take is clear enough to read. Record again."
    return (
        f"{n_sites} of the {SITES_FOR_NORMAL} sites needed are usable so far. "
        "Record the others, and name the site of each take."
    )


def _as_reading(result: VisibleResult) -> HeartSoundReading:
    probability, threshold, band = result.probability_abnormal, result.threshold, result.unsure_band
    if probability is None or threshold is None or band is None:
        raise ValueError(f"Analysis {result.analysis_id} is finished but holds no reading.")
    return HeartSoundReading(
        label=result.label,
        unsure_reason=result.unsure_reason or None,
        probability_abnormal=probability,
        threshold=threshold,
        unsure_band=band,
        quality=SignalQuality(
            bool(result.quality_usable), result.quality_score or 0.0, result.quality_reasons
        ),
        heart_rate_bpm=result.heart_rate_bpm,
        duration_s=0.0,
        sample_rate_hz=0,
        s1_times_s=result.s1_times_s,
        s2_times_s=result.s2_times_s,
        model=ModelIdentity(result.model_name, result.model_version),
        elapsed_ms=result.elapsed_ms or 0.0,
    )
