"""The evidence of a reading, arranged for a page: which part of the beat and which frequencies moved p."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# Steps of the five shades on either side of "no change"; a change of 0.03 is the least worth a sentence.
SHADES = (0.03, 0.08, 0.16, 0.32)
ALL_BANDS = "All bands"


@dataclass(frozen=True)
class Cell:
    """What the probability would have lost without this part of the sound: positive spoke for abnormal."""

    weight: float
    shade: str


@dataclass(frozen=True)
class EvidenceTable:
    """Rows of frequency bands (high first) and of all together, a cell a phase; murmur-band power by phase in dB.

    `unexplained_percent` is the say, in this recording, of the members that could not be asked.
    """

    phases: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    murmur_band_db: tuple[tuple[str, float], ...]
    sentence: str
    unexplained_percent: int


def evidence_table(evidence: dict[str, Any] | None) -> EvidenceTable | None:
    """None where the model gave no evidence (too short, no heartbeat)."""
    if not evidence or not evidence.get("effects"):
        return None
    effects = evidence["effects"]
    phases = tuple(dict.fromkeys(effect["phase"] for effect in effects))
    bands = sorted({(effect["low_hz"], effect["high_hz"]) for effect in effects}, reverse=True)
    change = {(e["phase"], e["low_hz"], e["high_hz"]): e["change"] for e in effects}
    rows = [
        (
            f"{low:.0f}\u2013{high:.0f} Hz",
            tuple(_cell(-change.get((phase, low, high), 0.0)) for phase in phases),
        )
        for low, high in bands
    ]
    # Not the sum of the bands: what one band hides another may still tell. Older results do not carry it.
    whole = {effect["phase"]: effect["change"] for effect in evidence.get("phases", [])}
    if whole:
        rows.append((ALL_BANDS, tuple(_cell(-whole.get(phase, 0.0)) for phase in phases)))
    murmur = evidence.get("murmur_band_db") or {}
    return EvidenceTable(
        phases=phases,
        rows=tuple(rows),
        murmur_band_db=tuple((phase, murmur[phase]) for phase in phases if phase in murmur),
        sentence=evidence.get("sentence", ""),
        unexplained_percent=round(100 * (1 - evidence.get("explained_share", 1.0))),
    )


def _cell(weight: float) -> Cell:
    step = sum(abs(weight) >= limit for limit in SHADES)
    side = "none" if step == 0 else ("for" if weight > 0 else "against")
    return Cell(weight=round(weight, 2), shade=side if step == 0 else f"{side}-{step}")
