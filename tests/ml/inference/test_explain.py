import dataclasses

import numpy as np
import pytest

from ml.dsp.phase_features import phase_feature_names
from ml.inference import load_predictor
from ml.inference.explain import explain, murmur_band_db, sentence_for
from ml.inference.members import (
    beat_picture_input,
    mel_config,
    opsfusion_input,
    phase_feature_input,
    prepare,
)
from ml.inference.occlusion import BANDS_HZ, PARTS
from tests.ml.inference.sounds import heartbeat
from tests.ml.inference.tiny_model import write_tiny_model


@pytest.fixture(scope="module")
def prepared():
    return prepare(heartbeat(12, murmur=0.6)[0].astype(np.float64), 2000)


def map_of(evidence):
    return np.array([effect["change"] for effect in evidence["effects"]])


def test_each_phase_and_band_has_an_effect(tiny_predictor, prepared):
    evidence = explain(tiny_predictor, prepared, 0.0, ())
    cells = [(effect["phase"], effect["low_hz"], effect["high_hz"]) for effect in evidence["effects"]]
    assert cells == list(PARTS)
    assert np.abs(map_of(evidence)).max() > 0
    assert 2 <= len(evidence["beats"]) <= 12


def test_randomised_weights_give_another_map(tmp_path, tiny_predictor, prepared):
    """Sanity check after Adebayo et al. 2018: a map that ignores the weights explains nothing."""
    ours = map_of(explain(tiny_predictor, prepared, 0.0, ()))
    others = []
    for seed in range(1, 5):
        directory = tmp_path / str(seed)
        directory.mkdir()
        write_tiny_model(directory, seed=seed)
        others.append(map_of(explain(load_predictor(directory), prepared, 0.0, ())))
    correlations = [abs(np.corrcoef(ours, other)[0, 1]) for other in others]
    assert np.mean(correlations) < 0.6


def listening_to(predictor, phase_power):
    """The predictor with a member whose logit is `phase_power` of the windows it is given."""
    member = dataclasses.replace(predictor.members[0], session=phase_power)
    return dataclasses.replace(predictor, members=(member,))


def test_the_explanation_finds_the_band_a_model_listens_to(tiny_predictor, prepared):
    config = mel_config(tiny_predictor.artefact.members[0].config)
    step_hz = (config.high_hz - config.low_hz) / (config.n_mels + 1)
    first, last = int(200 / step_hz), int(480 / step_hz)

    def loudness_of_high_band(windows):
        return 2.0 * np.abs(windows[:, :, first:last, 0]).mean(axis=(1, 2))

    evidence = explain(listening_to(tiny_predictor, loudness_of_high_band), prepared, 0.0, ())
    by_band = {
        low_hz: sum(abs(e["change"]) for e in evidence["effects"] if e["low_hz"] == low_hz)
        for low_hz, _ in BANDS_HZ
    }
    assert max(by_band, key=by_band.get) == 200.0
    assert "200-500 Hz" in evidence["sentence"]


def test_murmur_band_energy_tells_the_phase(prepared):
    states = prepared.segmentation.states
    loud = murmur_band_db(prepared, states)
    assert loud["systole"] > loud["diastole"] + 6
    quiet = prepare(heartbeat(12, murmur=0.0)[0].astype(np.float64), 2000)
    quiet_db = murmur_band_db(quiet, quiet.segmentation.states)
    assert abs(quiet_db["systole"] - quiet_db["diastole"]) < 3


def test_sentences_say_no_more_than_the_numbers():
    weak = [{"phase": "systole", "low_hz": 80.0, "high_hz": 200.0, "change": 0.01}]
    assert sentence_for(weak).startswith("No single part")
    raised = sentence_for([{**weak[0], "change": -0.21}, *weak])
    assert raised == (
        "Sound in systole at 80-200 Hz raised the probability most: without it, it would be 0.21 lower."
    )
    lowered = sentence_for([{**weak[0], "change": 0.21}])
    assert "lowered" in lowered
    assert lowered.endswith("0.21 higher.")
    for sentence in (raised, lowered, sentence_for([])):
        assert not any(
            word in sentence.lower() for word in ("murmur", "stenosis", "regurgitation", "valve", "disease")
        )


def test_without_a_heartbeat_there_is_nothing_to_explain(tiny_predictor, prepared):
    evidence = explain(tiny_predictor, prepared, 0.0, ("noisy", "not_a_heartbeat"))
    assert evidence["effects"] == []
    assert "no heartbeat" in evidence["sentence"]


def test_a_beat_network_is_asked_too_and_the_part_it_listens_to_is_found(tiny_predictor, prepared):
    """The logit of this one is what systole has above 200 Hz, beside the rest of the beat."""

    def loudness_of_high_systole(images):
        return 3.0 * images[:, 4:12, 20:28, 0].mean(axis=(1, 2))

    beat = dataclasses.replace(
        tiny_predictor.members[0], session=loudness_of_high_systole, input_of=beat_picture_input
    )
    silent = dataclasses.replace(tiny_predictor.members[0], session=lambda windows: np.zeros(len(windows)))
    evidence = explain(dataclasses.replace(tiny_predictor, members=(silent, beat)), prepared, 0.0, ())
    assert len(evidence["members"]) == 2
    strongest = max(evidence["effects"], key=lambda effect: abs(effect["change"]))
    assert (strongest["phase"], strongest["low_hz"]) == ("systole", 200.0)


def test_the_beat_that_moved_a_beat_network_is_found(tiny_predictor):
    """One beat of ten is loud in systole; without it this network's logit falls most."""
    sound = heartbeat(12)[0].astype(np.float64)
    clean = prepare(sound, 2000)
    loud = clean.segmentation.cycles[4]
    noise = np.random.default_rng(0).standard_normal(sound.size)
    inside = (np.arange(sound.size) >= loud.systole_s * 2000) & (np.arange(sound.size) < loud.s2_s * 2000)
    prepared = prepare(sound + 0.3 * np.abs(sound).max() * noise * inside, 2000)

    def spread_of_systole(images):
        return 3.0 * images[:, 4:12, :, 2].mean(axis=(1, 2))

    beat = dataclasses.replace(
        tiny_predictor.members[0], session=spread_of_systole, input_of=beat_picture_input
    )
    evidence = explain(dataclasses.replace(tiny_predictor, members=(beat,)), prepared, 0.0, ())
    lowest = min(evidence["beats"], key=lambda each: each["change"])
    assert lowest["change"] < 0
    assert lowest["start_s"] == pytest.approx(loud.s1_s, abs=0.1)


def test_mel_windows_are_not_asked_where_those_made_of_beats_have_the_larger_say(tiny_predictor, prepared):
    mel = tiny_predictor.members[0]
    third = dataclasses.replace(mel.member, name="beat", weight=1.5 * mel.member.weight)
    beat = dataclasses.replace(
        mel, member=third, session=lambda images: np.zeros(len(images)), input_of=beat_picture_input
    )
    rows = dataclasses.replace(beat, input_of=phase_feature_input)
    evidence = explain(dataclasses.replace(tiny_predictor, members=(mel, beat, rows)), prepared, 0.0, ())
    assert evidence["members"] == ["beat", "beat"]
    assert evidence["not_asked"] == [mel.member.name]
    assert evidence["explained_share"] == pytest.approx(0.75)


def test_a_member_on_the_original_spectrogram_cannot_explain(tiny_predictor, prepared):
    member = dataclasses.replace(tiny_predictor.members[0], input_of=opsfusion_input)
    evidence = explain(dataclasses.replace(tiny_predictor, members=(member,)), prepared, 0.0, ())
    assert evidence["effects"] == []
    assert (evidence["not_asked"], evidence["explained_share"]) == ([member.member.name], 0.0)
    assert evidence["murmur_band_db"]
    assert "cannot say" in evidence["sentence"]


def test_a_member_on_phase_features_is_asked_and_the_part_it_listens_to_is_found(tiny_predictor, prepared):
    columns = [
        k
        for k, name in enumerate(phase_feature_names())
        if name.startswith("sys-dia_")
        and name.endswith("Hz")
        and "spread" not in name
        and 200 <= float(name.removeprefix("sys-dia_").removesuffix("Hz")) < 500
    ]

    def loudness_of_high_systole(rows):
        return 0.5 * rows[:, columns].mean(axis=1)

    member = dataclasses.replace(
        tiny_predictor.members[0], session=loudness_of_high_systole, input_of=phase_feature_input
    )
    evidence = explain(dataclasses.replace(tiny_predictor, members=(member,)), prepared, 0.0, ())
    strongest = max(evidence["effects"], key=lambda effect: abs(effect["change"]))
    assert (strongest["phase"], strongest["low_hz"]) == ("systole", 200.0)
    assert strongest["logit_change"] < 0
    whole = {each["phase"]: each["logit_change"] for each in evidence["phases"]}
    assert whole["systole"] <= strongest["logit_change"]


def test_a_member_without_a_beat_to_see_has_no_share(tiny_predictor):
    short = prepare(heartbeat(0.7)[0].astype(np.float64), 2000)
    assert short.beat_spectrum is None
    beat = dataclasses.replace(tiny_predictor.members[0], input_of=beat_picture_input)
    both = dataclasses.replace(tiny_predictor, members=(*tiny_predictor.members, beat))
    alone = map_of(explain(tiny_predictor, short, 0.0, ()))
    assert np.abs(alone).max() > 0
    assert np.allclose(map_of(explain(both, short, 0.0, ())), alone)


@pytest.mark.parametrize("duration_s", [1.2, 3.0, 60.0])
def test_any_length_can_be_explained(tiny_predictor, duration_s):
    prepared = prepare(heartbeat(duration_s)[0].astype(np.float64), 2000)
    evidence = explain(tiny_predictor, prepared, 0.0, ())
    assert np.isfinite(map_of(evidence)).all()
