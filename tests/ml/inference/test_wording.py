import pytest

from ml.inference.wording import (
    LABELS,
    NOT_A_DEVICE,
    QUALITY_ADVICE,
    UNSURE_REASONS,
    advice_for,
    wording_for,
)

ALL = [("normal", None), ("abnormal", None), *(("unsure", reason) for reason in UNSURE_REASONS)]


def test_the_fixed_sentences():
    assert wording_for("normal") == (
        "Normal",
        "No abnormal pattern found in this recording. This does not rule out heart disease; symptoms decide.",
    )
    assert wording_for("abnormal") == (
        "Abnormal",
        "Resembles recordings labelled abnormal. Listen; consider echocardiography.",
    )


@pytest.mark.parametrize(("label", "reason"), ALL)
def test_no_sentence_promises_or_names_anything(label, reason):
    text = " ".join([*wording_for(label, reason), NOT_A_DEVICE]).lower()
    for forbidden in (
        "healthy",
        "%",
        "confident",
        "percent",
        "stenosis",
        "murmur",
        "wait",
        "valve disease",
        "!",
    ):
        assert forbidden not in text


def test_unsure_says_what_another_recording_would_change():
    assert "Record again" in wording_for("unsure", "quality")[1]
    assert "Recording again will not settle it" in wording_for("unsure", "borderline")[1]


@pytest.mark.parametrize("reason", UNSURE_REASONS)
def test_unsure_names_no_other_label(reason):
    text = " ".join(wording_for("unsure", reason)).lower()
    assert not any(label in text.split() for label in LABELS if label != "unsure")


@pytest.mark.parametrize(
    ("label", "reason"), [("unsure", None), ("normal", "quality"), ("healthy", None), ("unsure", "tired")]
)
def test_what_has_no_words_is_refused(label, reason):
    with pytest.raises(ValueError, match="no words"):
        wording_for(label, reason)


def test_advice_comes_in_the_order_of_the_reasons():
    assert advice_for(("hum", "clipped")) == [QUALITY_ADVICE["hum"], QUALITY_ADVICE["clipped"]]
