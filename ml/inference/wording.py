"""The fixed words of a result. They say what the model saw, never what the patient has.

Nothing here may promise health, quote a percentage of confidence, name a disease or advise to wait.
"""

from __future__ import annotations

NORMAL, ABNORMAL, UNSURE = "normal", "abnormal", "unsure"
LABELS = (NORMAL, ABNORMAL, UNSURE)

QUALITY, BORDERLINE, OUT_OF_SCOPE = "quality", "borderline", "out_of_scope"
UNSURE_REASONS = (QUALITY, BORDERLINE, OUT_OF_SCOPE)

NOT_A_DEVICE = (
    "Research software, not a medical device. A second opinion for a qualified person,"
    " never a sole means of diagnosis."
)
PHONE_NOTE = "accuracy on phones not established"

_HEADLINES = {NORMAL: "Normal", ABNORMAL: "Abnormal", UNSURE: "Unsure"}

_SENTENCES = {
    (NORMAL, None): (
        "No abnormal pattern found in this recording. This does not rule out heart disease; symptoms decide."
    ),
    (ABNORMAL, None): "Resembles recordings labelled abnormal. Listen; consider echocardiography.",
    (UNSURE, QUALITY): "The recording is not clear enough to read. Record again.",
    (UNSURE, BORDERLINE): (
        "The recording lies between the two groups that the model knows. Recording again will not settle it;"
        " listen and decide by the symptoms."
    ),
    (UNSURE, OUT_OF_SCOPE): (
        "The model is not made for this: it reads heart sounds of adults without a prosthetic valve."
        " Listen and decide by the symptoms."
    ),
}

# What a person can do about each reason of the signal-quality index.
QUALITY_ADVICE = {
    "too_short": "Too short: record at least 2 seconds, better 15.",
    "silent": "No sound arrived: check that the microphone is not muted or covered.",
    "too_quiet": "Too quiet: press the microphone lightly on bare skin at the marked place.",
    "clipped": "Too loud for the microphone: press less hard, or lower the input gain.",
    "hum": "Mains hum covers the heart sounds: move away from chargers and mains cables.",
    "talking": "Voices cover the heart sounds: ask for silence while recording.",
    "moved": "The microphone moved: hold it still and record again.",
    "noisy": "Background noise covers the heart sounds: find a quieter place.",
    "not_a_heartbeat": "No heartbeat was found: move the microphone to the marked place.",
}


def wording_for(label: str, reason: str | None = None) -> tuple[str, str]:
    """Headline and sentence for a label and, with unsure, its reason.

    Raises `ValueError` for a combination that has no words, so that none is ever invented.
    """
    try:
        return _HEADLINES[label], _SENTENCES[(label, reason)]
    except KeyError:
        raise ValueError(f"there are no words for label {label!r} with reason {reason!r}") from None


def advice_for(quality_reasons: tuple[str, ...] | list[str]) -> list[str]:
    """One sentence for each quality reason, in the order given."""
    return [QUALITY_ADVICE[code] for code in quality_reasons]
