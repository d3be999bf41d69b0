import dataclasses

import numpy as np
import pytest

from ml.data.corpus import Corpus
from ml.evaluation.repeated import Repetition, judge_folds
from ml.evaluation.study import Study
from ml.presets import load_preset
from ml.training.folds import cross_validation, leave_one_database_out
from ml.training.members import create_members
from ml.training.members.opsfusion import validation_subjects


@pytest.fixture
def corpus(prepared_opsfusion):
    return Corpus(prepared_opsfusion)


@pytest.fixture(scope="module")
def preset():
    preset = load_preset("opsfusion")
    return dataclasses.replace(preset, training=dataclasses.replace(preset.training, epochs=1))


def test_early_stopping_and_learning_share_no_subject_and_neither_meets_the_test(corpus):
    for plan in cross_validation(corpus) + leave_one_database_out(corpus):
        train, validation = validation_subjects(corpus, plan.train, seed=0)
        assert len(validation)
        assert sorted([*train, *validation]) == sorted(plan.train)
        assert not set(corpus.subjects[train]) & set(corpus.subjects[validation]) - {"e_s1"}
        assert not set(validation) & set(plan.test)


def test_the_preset_without_members_is_its_one_network(preset):
    (member,) = create_members(preset)
    assert member.name == member.kind == "opsfusion"
    assert member.settings["epochs_at_most"] == 1
    assert member.settings["training"]["network"] == "opsfusion_cnn"


@pytest.fixture(scope="module")
def judged(prepared_opsfusion, preset, tmp_path_factory):
    """One fold trained for one epoch, kept, and judged."""
    corpus = Corpus(prepared_opsfusion)
    plan = cross_validation(corpus)[0]
    (member,) = create_members(preset)
    work_dir = tmp_path_factory.mktemp("opsfusion")
    fitted = member.fit(corpus, plan.train, seed=0, work_dir=work_dir, report=lambda text: None)
    return corpus, plan, fitted


def test_the_logit_of_a_sound_is_that_of_its_stored_spectrogram(judged, prepared_heart):
    corpus, plan, fitted = judged
    logits = fitted.logits(corpus, plan.test)
    assert logits.shape == (len(plan.test),)
    heard = Corpus(prepared_heart)
    place = int(np.flatnonzero(heard.file_ids == corpus.file_ids[plan.test[0]])[0])
    assert fitted.logits_of_sound(heard.samples(place)) == pytest.approx(logits[0], abs=0.05)


def test_a_kept_fold_is_read_by_the_software_that_ships(preset, prepared_opsfusion, physionet_dir, tmp_path):
    from ml.evaluation.fold_predictor import fold_predictors, sounds_of

    corpus = Corpus(prepared_opsfusion)
    members = create_members(preset)
    study = Study.of(corpus, preset, members, work_dir=tmp_path, report=lambda text: None)
    outcome = judge_folds(study, Repetition(study.prepared_seed, 0), keep=True)
    fold = fold_predictors(study, outcome)[0]
    index = int(fold.test[0])
    reading = fold.predictor.read(*sounds_of(corpus, physionet_dir)(index), explain=False)
    said = outcome.decided["balanced"].probabilities[0]
    assert reading.probability_abnormal == pytest.approx(said, abs=0.02)
