import pytest

from ml.inference.reading import SignalQuality, label_for
from ml.inference.session import read_session
from tests.ml.inference.test_reading import reading

GOOD, BAD = SignalQuality(True, 0.9), SignalQuality(False, 0.1, ("noisy",))


def site(p, quality=GOOD):
    label, reason = label_for(p, 0.5, (0.4, 0.6), quality)
    return reading(label=label, unsure_reason=reason, probability_abnormal=p, quality=quality)


@pytest.mark.parametrize("p", [0.05, 0.3, 0.5, 0.65])
def test_more_sites_alone_never_raise_the_probability(p):
    alone = read_session([site(p)]).probability_abnormal
    for n in range(2, 9):
        assert read_session([site(p)] * n).probability_abnormal == pytest.approx(alone)


def test_a_weaker_site_lowers_it():
    assert read_session([site(0.7), site(0.2)]).probability_abnormal < 0.7


@pytest.mark.parametrize("others", [0, 1, 3, 7])
def test_one_confident_site_suffices_for_abnormal(others):
    session = read_session([site(0.9)] + [site(0.05)] * others)
    assert session.label == "abnormal"
    assert session.confident_sites == 1


def test_one_site_that_is_barely_abnormal_does_not_outweigh_four_normal_ones():
    assert read_session([site(0.62)] + [site(0.1)] * 4).label == "normal"


@pytest.mark.parametrize(
    ("n", "expected"), [(1, ("unsure", "quality")), (3, ("unsure", "quality")), (4, ("normal", None))]
)
def test_normal_needs_four_usable_sites(n, expected):
    session = read_session([site(0.1)] * n + [site(0.1, BAD)] * 2)
    assert (session.label, session.unsure_reason) == expected
    assert (session.n_recordings, session.n_usable) == (n + 2, n)


def test_takes_of_one_site_count_once():
    readings = [site(0.1)] * 5
    assert read_session(readings, sites=["apex"] * 5).label == "unsure"
    assert (
        read_session(readings, sites=["apex", "apex", "aortic", "pulmonary", "tricuspid"]).label == "normal"
    )


def test_one_good_take_among_many_bad_ones_of_a_site_is_averaged():
    session = read_session([site(0.9)] + [site(0.05)] * 5, sites=["apex"] * 6)
    assert session.label != "abnormal"


def test_between_the_edges_is_borderline():
    assert (read_session([site(0.5)] * 4).unsure_reason) == "borderline"


def test_unusable_recordings_have_no_say():
    assert read_session([site(0.1)] * 4 + [site(0.99, BAD)]).label == "normal"
    nothing = read_session([site(0.99, BAD)] * 2)
    assert (nothing.label, nothing.unsure_reason, nothing.probability_abnormal) == ("unsure", "quality", None)


def test_nothing_but_other_sounds_is_out_of_scope():
    no_heart = SignalQuality(False, 0.0, ("not_a_heartbeat",))
    assert read_session([site(0.5, no_heart)] * 4).unsure_reason == "out_of_scope"


def test_the_session_has_a_calibration_of_its_own():
    plain = read_session([site(0.3)] * 4).probability_abnormal
    steeper = read_session([site(0.3)] * 4, calibration={"slope": 2.0, "intercept": 0.0}).probability_abnormal
    assert steeper < plain
    assert plain == pytest.approx(0.3)


def test_certain_sites_do_not_overflow():
    assert read_session([site(0.0)] * 4).label == "normal"
    assert read_session([site(1.0)]).label == "abnormal"


def test_a_session_without_recordings_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        read_session([])
    with pytest.raises(ValueError, match="differ in length"):
        read_session([site(0.5)], sites=[])
