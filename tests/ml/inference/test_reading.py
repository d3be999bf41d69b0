import dataclasses
import json

import pytest

from ml.inference.reading import HeartSoundReading, ModelIdentity, SignalQuality, label_for

GOOD, BAD = SignalQuality(True, 0.9), SignalQuality(False, 0.2, ("noisy",))
NO_HEART = SignalQuality(False, 0.0, ("noisy", "not_a_heartbeat"))


def reading(**changes):
    fields = {
        "label": "normal",
        "unsure_reason": None,
        "probability_abnormal": 0.123456,
        "threshold": 0.5,
        "unsure_band": (0.4, 0.6),
        "quality": GOOD,
        "heart_rate_bpm": 71.96,
        "duration_s": 10.0,
        "sample_rate_hz": 2000,
        "s1_times_s": (0.1, 0.9),
        "s2_times_s": (0.4,),
        "model": ModelIdentity("heart", "1.0"),
        "elapsed_ms": 12.3456,
    }
    return HeartSoundReading(**{**fields, **changes})


def test_the_dictionary_has_the_contract_s_keys_and_survives_json():
    fields = json.loads(json.dumps(reading().as_dict()))
    assert set(fields) == {
        "label", "unsure_reason", "probability_abnormal", "threshold", "unsure_band", "quality", "heart_rate_bpm",
        "duration_s", "sample_rate_hz", "s1_times_s", "s2_times_s", "model", "elapsed_ms", "evidence",
    }  # fmt: skip
    assert fields["unsure_band"] == [0.4, 0.6]
    assert fields["quality"] == {"usable": True, "score": 0.9, "reasons": []}
    assert fields["model"] == {"name": "heart", "version": "1.0"}


@pytest.mark.parametrize(
    ("p", "quality", "expected"),
    [
        (0.1, GOOD, ("normal", None)),
        (0.4, GOOD, ("normal", None)),
        (0.45, GOOD, ("unsure", "borderline")),
        (0.55, GOOD, ("unsure", "borderline")),
        (0.6, GOOD, ("abnormal", None)),
        (0.99, GOOD, ("abnormal", None)),
        (0.99, BAD, ("unsure", "quality")),
        (0.01, BAD, ("unsure", "quality")),
        (0.99, NO_HEART, ("unsure", "out_of_scope")),
    ],
)
def test_labels(p, quality, expected):
    assert label_for(p, 0.5, (0.4, 0.6), quality) == expected


@pytest.mark.parametrize(("p", "label"), [(0.499, "normal"), (0.5, "abnormal")])
def test_an_empty_band_forces_the_choice(p, label):
    assert label_for(p, 0.5, (0.5, 0.5), GOOD) == (label, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"label": "healthy"},
        {"label": "unsure"},
        {"unsure_reason": "quality"},
        {"probability_abnormal": 1.2},
        {"probability_abnormal": float("nan")},
    ],
)
def test_contradictions_are_refused(changes):
    with pytest.raises(ValueError, match="not"):
        reading(**changes)


def test_a_patient_out_of_scope_makes_any_reading_unsure():
    changed = reading(label="abnormal", probability_abnormal=0.9).out_of_scope()
    assert (changed.label, changed.unsure_reason) == ("unsure", "out_of_scope")
    assert changed.probability_abnormal == 0.9


def test_a_reading_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        reading().label = "abnormal"
