import dataclasses
import json
from dataclasses import asdict, dataclass

import numpy as np
import pytest

from ml.data.corpus import FS_HZ, Corpus
from ml.dsp.mel_windows import MelWindowConfig
from ml.evaluation.fold_predictor import fold_predictors, sounds_of
from ml.evaluation.repeated import Repetition, judge_folds
from ml.evaluation.stress import STRESSES
from ml.evaluation.stress_table import CLIP, WHOLE, evaluate_short_clips, evaluate_stress
from ml.evaluation.study import Study
from tests.ml.inference.tiny_model import write_network


@dataclass
class OnnxMember:
    """Random weights in an ONNX file: what the software reads with it is the same as what it says of a corpus."""

    name: str = "tiny"
    kind: str = "mel_windows"
    fits: int = 0

    settings = {}

    def fit(self, corpus, indices, *, seed, work_dir, report):
        self.fits += 1
        return self

    def logits(self, corpus, indices):
        # Held-out logits decide thresholds only; that they follow the label makes those sensible.
        return corpus.labels[indices] + 0.1 * np.random.default_rng(0).standard_normal(len(indices))

    def save(self, directory):
        write_network(directory / "tiny.onnx", MelWindowConfig(), 0)
        return {"files": {"onnx": "tiny.onnx"}, "config": asdict(MelWindowConfig()) | {"output": "logit"}}


@pytest.fixture(scope="module")
def corpus(prepared_heart):
    return Corpus(prepared_heart)


@pytest.fixture
def study(corpus, tmp_path):
    return Study(corpus, "tiny", [OnnxMember()], (), tmp_path, lambda text: None, n_folds=3)


def few(changes):
    return {name: STRESSES[name] for name in ("unchanged", *changes)}


def test_kept_members_are_not_trained_again(study):
    outcome = judge_folds(study, Repetition(0, 0), keep=True)
    assert study.members[0].fits == 3
    again = judge_folds(study, Repetition(0, 0), keep=True)
    assert study.members[0].fits == 3
    assert len(fold_predictors(study, again)) == len(outcome.plans)


def test_members_whose_logits_alone_are_stored_are_trained_once_more_to_be_kept(study):
    judge_folds(study, Repetition(0, 0))
    judge_folds(study, Repetition(0, 0), keep=True)
    assert study.members[0].fits == 6


def test_each_recording_is_read_by_the_model_of_its_own_fold(study, corpus):
    folds = fold_predictors(study, judge_folds(study, Repetition(0, 0), keep=True))
    heard = []

    def spying(index):
        heard.append(index)
        return corpus.samples(index), FS_HZ

    section = evaluate_stress(study, folds, spying, seed=0, changes=few(()), most_per_group=6, replicates=5)
    assert len(heard) == section["n"]
    for fold in folds:
        own = set(heard) & set(fold.test.tolist())
        assert own
        for database in "ae":
            for label in (0, 1):
                of_group = [i for i in own if corpus.databases[i] == database and corpus.labels[i] == label]
                assert len(of_group) <= 2


def test_the_row_of_nothing_changed_is_what_the_software_says(study, corpus):
    folds = fold_predictors(study, judge_folds(study, Repetition(0, 0), keep=True))
    section = evaluate_stress(
        study, folds, sounds_of(corpus, None), seed=0, changes=few(["8 bit"]), most_per_group=3, replicates=5
    )
    row = section["rows"]["unchanged"]
    assert row["shift"] == 0
    assert {"macro_auc_abdf", "pooled_auc", "se", "sp", "macc", "three_way_macc", "coverage"} <= row.keys()
    assert section["rows"]["8 bit"]["shift"] != 0
    assert section["code_version"]
    again = evaluate_stress(
        study, folds, sounds_of(corpus, None), seed=0, changes=few(["8 bit"]), most_per_group=3, replicates=5
    )
    assert json.dumps(again) == json.dumps(section)


def test_short_clips_are_of_usable_recordings_and_stand_beside_the_whole_ones(study, corpus):
    folds = fold_predictors(study, judge_folds(study, Repetition(0, 0), keep=True))
    heard = set()

    def spying(index):
        heard.add(int(index))
        return corpus.samples(index), FS_HZ

    section = evaluate_short_clips(study, folds, spying, seed=0, most_per_group=3, replicates=5)
    assert corpus.usable[sorted(heard)].all()
    assert section["rows"][WHOLE]["shift"] == 0
    assert section["rows"][CLIP]["shift"] != 0
    assert section["n"] == 2 * section["recordings_read"]
    # A clip of two seconds is long enough to be answered.
    assert section["rows"][CLIP]["coverage"] > 0


def test_a_corpus_without_waveforms_is_heard_from_the_files(physionet_dir, prepared_opsfusion):
    corpus = Corpus(prepared_opsfusion)
    samples, fs_hz = sounds_of(corpus, physionet_dir)(3)
    assert fs_hz == FS_HZ
    assert len(samples) == pytest.approx(corpus.rows[3].duration_s * FS_HZ, abs=1)


def test_a_member_without_a_share_is_not_loaded(study):
    two = [OnnxMember(), OnnxMember(name="other")]
    own = dataclasses.replace(study, members=two, shares=(1.0, 0.0))
    folds = fold_predictors(own, judge_folds(own, Repetition(0, 0), keep=True))
    assert [member.member.name for member in folds[0].predictor.members] == ["tiny"]
