"""One contract for whatever reads a recording; the fake is held to it beside the real one."""

import dataclasses
import json

import numpy as np
import pytest

from ml.errors import SignalError
from ml.inference import load_predictor
from ml.inference.curve import CurvePoint, OperatingCurve
from ml.inference.errors import ArtefactError
from ml.inference.members import INPUTS, mel_config, prepare
from ml.inference.reading import label_for
from ml.inference.testing import FakePredictor
from tests.ml.inference.sounds import heartbeat
from tests.ml.inference.tiny_model import write_network, write_tiny_model


@pytest.fixture(params=["real", "fake"])
def predictor(request, tiny_predictor):
    return tiny_predictor if request.param == "real" else FakePredictor()


def test_a_clear_recording_is_read(predictor):
    x, s1_times_s = heartbeat(10, 4000, 72)
    reading = predictor.read(x, 4000)
    assert reading.duration_s == pytest.approx(10.0)
    assert reading.sample_rate_hz == 4000
    assert reading.quality.usable
    assert reading.heart_rate_bpm == pytest.approx(72, abs=3)
    nearest = [min(abs(s1_times_s + 0.02 - found)) for found in reading.s1_times_s]
    assert np.median(nearest) < 0.05
    assert (reading.model.name, reading.model.version) == (predictor.name, predictor.version)
    assert reading.evidence["sentence"]
    assert set(reading.evidence["rhythm"]) == {"irregular", "range_bpm"}
    json.dumps(reading.as_dict(), allow_nan=False)


def test_reading_twice_says_the_same(predictor):
    x = heartbeat()[0]
    first, second = predictor.read(x, 2000).as_dict(), predictor.read(x, 2000).as_dict()
    first.pop("elapsed_ms"), second.pop("elapsed_ms")
    assert first == second


def test_the_sound_decides(predictor):
    assert predictor.read(heartbeat(murmur=0.0)[0], 2000).probability_abnormal != pytest.approx(
        predictor.read(heartbeat(murmur=2.0)[0], 2000).probability_abnormal, abs=1e-3
    )


@pytest.mark.parametrize("duration_s", [0.9, 1.2, 1.7])
def test_a_short_clip_has_a_probability_and_is_unsure(predictor, duration_s):
    reading = predictor.read(heartbeat(duration_s)[0], 2000)
    assert 0 < reading.probability_abnormal < 1
    assert (reading.label, reading.unsure_reason) == ("unsure", "quality")
    assert "too_short" in reading.quality.reasons


def test_a_long_recording_is_read(predictor):
    assert predictor.read(heartbeat(120)[0], 2000).duration_s == pytest.approx(120)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_float_is_taken(predictor, dtype):
    assert predictor.read(heartbeat()[0].astype(dtype), 2000).quality.usable


def test_what_is_no_heart_is_never_read_with_confidence(predictor):
    reading = predictor.read(0.1 * np.random.default_rng(0).standard_normal(20000), 2000)
    assert (reading.label, reading.unsure_reason) == ("unsure", "out_of_scope")
    assert reading.heart_rate_bpm is None
    assert reading.s1_times_s == ()


def test_silence_is_unsure(predictor):
    reading = predictor.read(np.zeros(20000), 2000)
    assert (reading.label, reading.unsure_reason) == ("unsure", "quality")
    assert reading.quality.reasons == ("silent",)


@pytest.mark.parametrize(
    ("samples", "fs_hz", "code"),
    [
        (np.zeros((20000, 2)), 2000, "signal.shape"),
        (np.zeros(0), 2000, "signal.shape"),
        (np.array([0.0, np.nan] * 5000), 2000, "signal.not_finite"),
        (np.array([0.0, np.inf] * 5000), 2000, "signal.not_finite"),
        (np.ones(500), 2000, "signal.too_short"),
        (np.ones(20000), 0, "signal.rate"),
    ],
)
def test_what_nobody_can_read(predictor, samples, fs_hz, code):
    with pytest.raises(SignalError) as caught:
        predictor.read(samples, fs_hz)
    assert caught.value.code == code


def test_without_explanation_only_the_rhythm_is_told(predictor):
    assert set(predictor.read(heartbeat()[0], 2000, explain=False).evidence) == {"rhythm"}


def test_rate_and_level_hardly_matter(tiny_predictor):
    p = [
        tiny_predictor.read(gain * heartbeat(10, fs_hz, 72, noise=0)[0], fs_hz).probability_abnormal
        for fs_hz, gain in ((8000, 1.0), (8000, 0.1), (44100, 1.0))
    ]
    assert p[1] == pytest.approx(p[0], abs=0.01)
    assert p[2] == pytest.approx(p[0], abs=0.05)


def test_operating_points_share_the_probability_and_differ_in_threshold(tiny_dir, tiny_predictor):
    screening = load_predictor(tiny_dir, operating_point="screening")
    x = heartbeat()[0]
    ours, theirs = tiny_predictor.read(x, 2000), screening.read(x, 2000)
    assert ours.probability_abnormal == theirs.probability_abnormal
    assert (ours.threshold, theirs.threshold) == (0.5, 0.3)
    with pytest.raises(ArtefactError):
        load_predictor(tiny_dir, operating_point="hopeful")


def test_an_adjusted_point_reads_by_its_own_threshold_and_band(tmp_path):
    points = ((0.2, 0.96, 0.7), (0.3, 0.9, 0.8), (0.5, 0.8, 0.9))
    curve = OperatingCurve(
        tuple(CurvePoint(t, (t - 0.05, t + 0.05), se, sp) for t, se, sp in points),
        n_abnormal=50,
        n_normal=100,
    )
    write_tiny_model(tmp_path, operating_curve=curve)
    loaded = load_predictor(tmp_path)
    adjusted = loaded.at("adjusted", 0.93)
    x = heartbeat()[0]
    ours, theirs = loaded.read(x, 2000), adjusted.read(x, 2000)
    assert ours.probability_abnormal == theirs.probability_abnormal
    assert (theirs.threshold, theirs.unsure_band) == (0.2, (0.2 - 0.05, 0.2 + 0.05))
    assert theirs.label == label_for(theirs.probability_abnormal, 0.2, theirs.unsure_band, theirs.quality)[0]
    assert adjusted.members is loaded.members
    assert loaded.at("screening").read(x, 2000).threshold == 0.3


def test_a_model_without_a_curve_cannot_be_adjusted(tiny_predictor):
    with pytest.raises(ArtefactError) as caught:
        tiny_predictor.at("adjusted", 0.9)
    assert caught.value.code == "artefact.operating_point"


def test_members_weigh_by_their_weight(tmp_path, tiny_predictor):
    artefact = tiny_predictor.artefact
    first = artefact.members[0]
    for seed in (1, 2):
        write_network(tmp_path / f"{seed}.onnx", mel_config(first.config), seed)
    write_tiny_model(
        tmp_path,
        members=tuple(
            dataclasses.replace(first, name=str(seed), files={"onnx": f"{seed}.onnx"}, weight=weight)
            for seed, weight in ((1, 3.0), (2, 1.0))
        ),
    )
    both = load_predictor(tmp_path)
    prepared = prepare(heartbeat()[0].astype(np.float64), 2000)
    one, two = (member.logit(prepared) for member in both.members)
    assert one != pytest.approx(two, abs=1e-3)
    assert both.logit(prepared) == pytest.approx((3 * one + two) / 4)


def test_a_member_that_is_silent_leaves_the_word_to_the_others(tiny_predictor):
    prepared = prepare(heartbeat()[0].astype(np.float64), 2000)
    silent = dataclasses.replace(tiny_predictor.members[0], input_of=lambda prepared, config: None)
    both = dataclasses.replace(tiny_predictor, members=(silent, *tiny_predictor.members))
    assert both.logit(prepared) == pytest.approx(tiny_predictor.logit(prepared))
    alone = dataclasses.replace(tiny_predictor, members=(silent,))
    assert alone.logit(prepared) == 0.0


@pytest.mark.parametrize("kind", ["beat_pictures", "peak_pictures", "phase_features"])
def test_beat_inputs_have_one_row_and_none_without_a_whole_cycle(kind):
    batch = INPUTS[kind](prepare(heartbeat()[0].astype(np.float64), 2000), {})
    assert batch.shape[0] == 1
    assert np.isfinite(batch).all()
    assert INPUTS[kind](prepare(np.zeros(1200), 2000), {}) is None


def test_a_member_of_unknown_kind_is_refused(tmp_path, tiny_predictor):
    member = dataclasses.replace(tiny_predictor.artefact.members[0], kind="crystal_ball")
    write_tiny_model(tmp_path, members=(member,))
    with pytest.raises(ArtefactError) as caught:
        load_predictor(tmp_path)
    assert caught.value.code == "artefact.unknown_member"


def test_a_member_trained_on_other_features_is_refused(tmp_path, tiny_predictor):
    member = dataclasses.replace(
        tiny_predictor.artefact.members[0], kind="phase_features", config={"features": ["rr_s", "moon_phase"]}
    )
    write_tiny_model(tmp_path, members=(member,))
    with pytest.raises(ArtefactError) as caught:
        load_predictor(tmp_path)
    assert caught.value.code == "artefact.features"
