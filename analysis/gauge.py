"""Where things stand on the probability gauge, in the units of its SVG: a bar 100 wide, from 0 to 1."""

from __future__ import annotations

from dataclasses import dataclass

WIDTH = 100.0


@dataclass(frozen=True)
class Gauge:
    """Positions along the bar; widths of the unsure and upper zones."""

    probability_x: float
    threshold_x: float
    band_low_x: float
    band_width: float
    band_high_x: float
    upper_width: float
    needle_points: str


def gauge_for(probability: float, threshold: float, unsure_band: tuple[float, float]) -> Gauge:
    """Geometry of one result. All arguments lie in 0..1."""
    low, high = unsure_band
    x = probability * WIDTH
    return Gauge(
        probability_x=_px(x),
        threshold_x=_px(threshold * WIDTH),
        band_low_x=_px(low * WIDTH),
        band_width=_px((high - low) * WIDTH),
        band_high_x=_px(high * WIDTH),
        upper_width=_px((1 - high) * WIDTH),
        needle_points=f"{_px(x - 2)},3 {_px(x + 2)},3 {_px(x)},8",
    )


def _px(value: float) -> float:
    return round(value, 2)
