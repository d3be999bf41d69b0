"""Murmurs made by rule: in their phase and nowhere else, as loud as asked for, at their pitch."""

from dataclasses import replace

import numpy as np
import pytest

from ml.data.murmurs import KINDS, LEVEL_RANGE_DB, add_murmur
from ml.dsp.cycles import Cycle
from ml.dsp.segmentation import segment
from tests.ml.dsp.heart_sounds import FS_HZ, steady

BY_NAME = {kind.name: kind for kind in KINDS}


@pytest.fixture(scope="module")
def heart():
    """A recording of full scale one, and its cycles."""
    x = steady(70, 12, noise=0.001).x.astype(np.float32)
    return x, segment(x, FS_HZ).cycles


def added(heart, name, level_db=-12.0, seed=0):
    x, cycles = heart
    rng = np.random.default_rng(seed)
    return add_murmur(x, FS_HZ, cycles, rng, kind=BY_NAME[name], level_db=level_db) - x


def rms_within(murmur, cycles, begin, end):
    return np.sqrt(
        np.mean([np.mean(murmur[int(begin(c) * FS_HZ) : int(end(c) * FS_HZ)] ** 2) for c in cycles])
    )


def in_systole(murmur, cycles):
    return rms_within(murmur, cycles, lambda c: c.systole_s, lambda c: c.s2_s)


def in_diastole(murmur, cycles):
    return rms_within(murmur, cycles, lambda c: c.diastole_s + 0.05, lambda c: c.end_s - 0.05)


@pytest.mark.parametrize("name", ["ejection", "regurgitation", "late systolic"])
def test_a_systolic_murmur_keeps_to_systole(heart, name):
    murmur = added(heart, name)
    assert in_systole(murmur, heart[1]) > 10 * in_diastole(murmur, heart[1])


@pytest.mark.parametrize("name", ["early diastolic", "rumble"])
def test_a_diastolic_murmur_keeps_to_diastole(heart, name):
    murmur = added(heart, name)
    assert in_diastole(murmur, heart[1]) > 5 * in_systole(murmur, heart[1])


def test_early_diastolic_fades_and_a_rumble_does_not_start_at_once(heart):
    cycles = heart[1]

    def third(murmur, number):
        at = [c.diastole_s + (c.end_s - c.diastole_s) * np.array([number, number + 1]) / 3 for c in cycles]
        return np.sqrt(np.mean([np.mean(murmur[int(a * FS_HZ) : int(b * FS_HZ)] ** 2) for a, b in at]))

    fading, rumble = added(heart, "early diastolic"), added(heart, "rumble")
    assert third(fading, 0) > 1.5 * third(fading, 2)
    beginning = rms_within(rumble, cycles, lambda c: c.diastole_s, lambda c: c.diastole_s + 0.02)
    assert third(rumble, 1) > 3 * beginning


def test_a_rumble_is_low_and_regurgitation_is_high(heart):
    def usual_hz(murmur):
        power = np.abs(np.fft.rfft(murmur)) ** 2
        return np.sum(np.fft.rfftfreq(murmur.size, 1 / FS_HZ) * power) / power.sum()

    assert usual_hz(added(heart, "rumble")) < 120 < usual_hz(added(heart, "regurgitation"))


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("late systolic", lambda c: (c.s1_s + c.systole_s) / 2),
        ("rumble", lambda c: (c.s2_s + c.diastole_s) / 2),
    ],
)
def test_a_click_announces_the_murmur_at_the_same_place_of_every_beat(heart, name, begins):
    x, cycles = heart

    def with_clicks(share):
        kind = replace(BY_NAME[name], click_share=share)
        return add_murmur(x, FS_HZ, cycles, np.random.default_rng(3), kind=kind)

    clicks = np.abs(with_clicks(1.0) - with_clicks(0.0))
    at_s = np.array([begins(c) + np.argmax(clicks[_between(begins(c), c.end_s)]) / FS_HZ for c in cycles])
    since_s = at_s - [begins(c) for c in cycles]
    assert np.ptp(since_s) < 0.03
    loud = [clicks[_between(at, at + 0.02)].max() for at in at_s]
    late = [clicks[_between(at + 0.12, at + 0.2)].max() for at in at_s]
    assert min(loud) > 10 * max(late)


def _between(begin_s, end_s):
    return slice(int(begin_s * FS_HZ), int(end_s * FS_HZ))


def test_loudness_is_counted_from_the_recordings_own_s1(heart):
    x, cycles = heart
    loud, soft = (in_systole(added(heart, "regurgitation", level_db), cycles) for level_db in (-6.0, -26.0))
    assert 20 * np.log10(loud / soft) == pytest.approx(20, abs=0.01)
    s1 = rms_within(x, cycles, lambda c: c.s1_s, lambda c: c.systole_s)
    assert 20 * np.log10(loud / s1) == pytest.approx(-6, abs=4)
    quiet = (x * np.float32(0.01), cycles)
    assert in_systole(added(quiet, "regurgitation", -6.0), cycles) == pytest.approx(loud * 0.01, rel=1e-3)


def test_nothing_is_added_where_no_cycle_is_known(heart):
    x, cycles = heart
    first = [Cycle(*np.array([c.s1_s, c.systole_s, c.s2_s, c.diastole_s, c.end_s]), 1.0) for c in cycles[:2]]
    murmur = add_murmur(x, FS_HZ, first, np.random.default_rng(0), kind=BY_NAME["continuous"]) - x
    assert np.abs(murmur[int((first[-1].end_s + 0.1) * FS_HZ) :]).max() < 1e-6


def test_draws_repeat_themselves_and_shares_add_up(heart):
    one, same, other = (add_murmur(*_arguments(heart), np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert one.dtype == np.float32
    assert sum(kind.share for kind in KINDS) == pytest.approx(1)
    assert LEVEL_RANGE_DB[0] < LEVEL_RANGE_DB[1] < 0


def _arguments(heart):
    return heart[0], FS_HZ, heart[1]
