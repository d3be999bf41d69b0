import numpy as np

from ml.evaluation.heart_rate import match_s1

R_S = np.arange(0.5, 20, 0.8)


def test_a_constant_lag_matches_every_beat():
    result = match_s1(R_S + 0.03, R_S)
    assert result.matched == result.expected == result.reported == len(R_S)
    assert abs(result.lag_s - 0.03) < 1e-9


def test_s2_reported_as_s1_matches_nothing():
    assert match_s1(R_S + 0.35, R_S).matched == 0


def test_extra_s1_cost_precision_and_missing_ones_sensitivity():
    extra = np.sort(np.concatenate([R_S + 0.03, R_S + 0.4]))
    result = match_s1(extra, R_S)
    assert (result.matched, result.reported) == (len(R_S), 2 * len(R_S))
    half = match_s1(R_S[::2] + 0.03, R_S)
    assert half.reported == len(R_S[::2])
    assert half.matched <= len(R_S[::2])


def test_each_beat_is_used_once():
    doubled = np.sort(np.concatenate([R_S + 0.02, R_S + 0.04]))
    assert match_s1(doubled, R_S).matched == len(R_S)


def test_a_beat_off_by_more_than_60_ms_is_a_miss():
    moved = R_S + 0.03
    moved[4] += 0.07
    assert match_s1(moved, R_S).matched == len(R_S) - 1


def test_no_answer_is_no_match():
    assert match_s1(np.array([]), R_S).matched == 0
