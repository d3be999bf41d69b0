from __future__ import annotations

import re

import pytest

from analysis.insights import insights_for
from analysis.models import Analysis


def lines(**fields) -> str:
    defaults = {"quality_usable": True, "quality_reasons": [], "heart_rate_bpm": 72.0, "evidence": {}}
    return "\n".join(f"{i.topic}: {i.text}" for i in insights_for(Analysis(**{**defaults, **fields})))


@pytest.mark.parametrize(("bpm", "words"), [(None, "No steady heart rate"), (45, "slow"), (130, "fast")])
def test_a_remarkable_heart_rate_is_said_plainly(bpm, words):
    assert words in lines(heart_rate_bpm=bpm)


def test_an_ordinary_heart_rate_needs_no_words():
    assert "Heart rate" not in lines(heart_rate_bpm=72)


def test_an_irregular_rhythm_is_said_with_its_range_and_its_limits():
    text = lines(evidence={"rhythm": {"irregular": True, "range_bpm": [58, 91]}})
    assert "irregular, between 58 and 91" in text
    assert "ECG" in text


def test_quality_reasons_become_advice():
    assert "ask for silence" in lines(quality_usable=False, quality_reasons=["talking"])


@pytest.mark.parametrize(("n_beats", "words"), [(1, "of one beat only"), (3, "of 3 beats only")])
def test_few_beats_are_called_few(n_beats, words):
    assert words in lines(s1_times_s=[0.8 * beat for beat in range(n_beats)])


def test_enough_beats_need_no_such_words():
    text = lines(s1_times_s=[0.8 * beat for beat in range(12)])
    assert "clear enough to read" in text
    assert "only" not in text


def test_why_is_not_said_of_sound_that_cannot_be_read():
    evidence = {"sentence": "Late systole moved it most."}
    assert "Late systole" in lines(evidence=evidence)
    assert "Late systole" not in lines(evidence=evidence, quality_usable=False, quality_reasons=["noisy"])


def test_no_line_names_a_lesion_or_promises_health():
    text = lines(evidence={"rhythm": {"irregular": True}}) + lines(quality_reasons=["clipped"])
    assert not re.search(r"stenosis|regurgitation|healthy|confident|%|wait", text, re.IGNORECASE)
