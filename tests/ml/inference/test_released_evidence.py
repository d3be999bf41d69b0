"""What the released model says of its reasons, where the reason is known: murmurs made by rule over one heart."""

import numpy as np
import pytest

from ml.data.murmurs import KINDS, add_murmur
from ml.dsp.resample import resample
from ml.inference import load_predictor
from ml.inference.members import prepare
from ml.inference.predictor import EnsemblePredictor
from tests.ml.inference.sounds import heartbeat

LEVEL_DB = -10.0
KIND = {kind.name: kind for kind in KINDS}


@pytest.fixture(scope="module")
def predictor() -> EnsemblePredictor:
    return load_predictor()


def with_murmur(name, seed):
    heart = heartbeat(12, seed=seed)[0]
    cycles = prepare(heart.astype(np.float64), 2000).segmentation.cycles
    return add_murmur(
        heart, 2000, cycles, np.random.default_rng(seed), kind=KIND[name], level_db=LEVEL_DB
    ).clip(-1, 1)


def part_of(effects):
    strongest = min(effects, key=lambda effect: effect["logit_change"])
    return strongest["phase"], strongest["low_hz"]


@pytest.mark.parametrize(
    ("name", "phase", "lows_hz"),
    [("regurgitation", "systole", {80.0, 200.0}), ("early diastolic", "diastole", {80.0, 200.0})],
)
def test_a_made_murmur_is_found_in_its_phase_and_band(predictor, name, phase, lows_hz):
    found = [
        part_of(predictor.read(with_murmur(name, seed), 2000).evidence["effects"]) for seed in range(1, 6)
    ]
    right = [each for each in found if each[0] == phase and each[1] in lows_hz]
    assert len(right) >= 4, found


def test_hiding_the_murmur_takes_most_of_what_it_added(predictor):
    added, taken = [], []
    for seed in range(1, 6):
        sound = with_murmur("regurgitation", seed)
        bare = predictor.logit(prepare(heartbeat(12, seed=seed)[0].astype(np.float64), 2000))
        added.append(predictor.logit(prepare(sound.astype(np.float64), 2000)) - bare)
        phases = predictor.read(sound, 2000).evidence["phases"]
        taken.append(-next(each["logit_change"] for each in phases if each["phase"] == "systole"))
    assert np.mean(added) > 1
    assert 0.5 < np.mean(taken) / np.mean(added) < 1.3


def test_the_map_is_the_same_from_a_phone_s_rate(predictor):
    sound = with_murmur("regurgitation", 1)
    maps = [
        np.array([each["logit_change"] for each in predictor.read(x, fs_hz).evidence["effects"]])
        for x, fs_hz in ((sound, 2000), (resample(sound.astype(np.float64), 2000, 44100), 44100))
    ]
    assert np.corrcoef(*maps)[0, 1] > 0.95
    assert maps[0].argmin() == maps[1].argmin()


def test_reading_others_between_changes_nothing(predictor):
    sounds = [with_murmur("regurgitation", 1), heartbeat(6)[0], with_murmur("early diastolic", 2)]
    alone = [predictor.read(sound, 2000).evidence for sound in sounds]
    again = [predictor.read(sound, 2000).evidence for sound in reversed(sounds)]
    assert alone == again[::-1]


def test_all_but_a_small_say_is_explained_and_the_rest_named(predictor):
    evidence = predictor.read(heartbeat(10)[0], 2000).evidence
    assert evidence["explained_share"] > 0.9
    names = {member.member.name for member in predictor.members}
    assert set(evidence["members"]) | set(evidence["not_asked"]) == names
    assert not set(evidence["members"]) & set(evidence["not_asked"])


def test_a_recording_without_a_whole_beat_is_explained_by_the_mel_network(predictor):
    short = prepare(heartbeat(0.7)[0].astype(np.float64), 2000)
    assert short.beat_spectrum is None
    evidence = predictor.read(heartbeat(0.7)[0], 2000).evidence
    assert evidence["sentence"]
    if evidence["effects"]:
        assert evidence["members"] == ["mel_cnn"]
        assert evidence["explained_share"] == 1.0
