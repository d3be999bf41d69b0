"""Plain-language lines under a result: what was measured, how well, and what a person can do about it.

They say no more than the evidence does: no lesion, no valve, no percentage of confidence.
"""

from __future__ import annotations

from dataclasses import dataclass

from analysis.models import Analysis
from ml.inference.wording import advice_for

SLOW_BPM = 50
FAST_BPM = 100
FEW_BEATS = 5  # with so many or fewer more recordings are called wrongly (model card, short clips)


@dataclass(frozen=True)
class Insight:
    """`topic` names the line (heart rate, quality ...); `text` is a sentence."""

    topic: str
    text: str


def insights_for(analysis: Analysis, scope_objection: str = "") -> tuple[Insight, ...]:
    """The lines of one finished analysis, the most consequential first."""
    lines = []
    if scope_objection:
        lines.append(Insight("Scope", scope_objection))
    lines += [Insight("Sound", sentence) for sentence in advice_for(analysis.quality_reasons)]
    rate = _heart_rate(analysis)
    if rate:
        lines.append(Insight("Heart rate", rate))
    if analysis.quality_usable and not analysis.quality_reasons:
        lines.append(Insight("Sound", _clear_enough(len(analysis.s1_times_s))))
    why = (analysis.evidence or {}).get("sentence", "")
    if why and analysis.quality_usable and not scope_objection:
        lines.append(Insight("Why", why))
    return tuple(lines)


def _clear_enough(n_beats: int) -> str:
    if n_beats > FEW_BEATS:
        return "The heart sounds are clear enough to read."
    beats = f"{n_beats} beats" if n_beats > 1 else "one beat"
    return f"The heart sounds are clear, but of {beats} only: a recording of 15 seconds is surer."


def _heart_rate(analysis: Analysis) -> str:
    """What is remarkable about the rate; the number itself stands in the facts beside."""
    bpm = analysis.heart_rate_bpm
    rhythm = (analysis.evidence or {}).get("rhythm", {})
    if bpm is None:
        return "No steady heart rate could be found in this recording."
    if rhythm.get("irregular"):
        low, high = rhythm.get("range_bpm", (None, None))
        spread = f", between {low:.0f} and {high:.0f}" if low and high else ""
        return f"About {bpm:.0f} beats a minute, irregular{spread}. An ECG shows the rhythm; this recording cannot."
    if bpm < SLOW_BPM:
        return f"{bpm:.0f} beats a minute, slow."
    if bpm > FAST_BPM:
        return f"{bpm:.0f} beats a minute, fast."
    return ""
