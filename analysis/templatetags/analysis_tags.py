"""How shares and thresholds read."""

from __future__ import annotations

from django import template

register = template.Library()

NO_BREAK = "\u00a0"


@register.filter
def percent(share: float | None, digits: int = 1) -> str:
    """0.934 as "93.4 %"; a dash where nothing is known."""
    if share is None:
        return "\u2013"
    return f"{100 * share:.{digits}f}{NO_BREAK}%"


@register.filter
def plain_percent(share: float) -> str:
    """0.2 as "20 %", 0.125 as "12.5 %": for what a person chose."""
    return f"{round(100 * share, 3):g}{NO_BREAK}%"


@register.filter
def signed(value: float) -> str:
    """0.034 as "+0.03", with a true minus sign; 0.00 has none."""
    text = f"{value:+.2f}"
    return "0.00" if float(text) == 0 else text.replace("-", "\u2212")
