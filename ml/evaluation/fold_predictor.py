"""Each fold's trained members as the software that ships: what is measured of them is measured of that code."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.data.corpus import FS_HZ, WAVEFORMS_FILE, Corpus
from ml.data.physionet import read_recordings
from ml.dsp.io import load_audio
from ml.evaluation.choices import Chosen
from ml.evaluation.repeated import Outcome
from ml.evaluation.study import Study
from ml.inference.artefact import Artefact, Calibration, Member, OperatingPoint, TrainingData
from ml.inference.members import LoadedMember
from ml.inference.predictor import EnsemblePredictor
from ml.training.held_out import trainings
from ml.training.members import Indices

Sound = tuple[NDArray[np.float32], int]
SoundOf = Callable[[int], Sound]


@dataclass(frozen=True)
class FoldPredictor:
    """A fold's predictor at its `balanced` point, and the recordings that it never saw."""

    predictor: EnsemblePredictor
    test: Indices
    assumed_prevalence: float


def fold_predictors(study: Study, outcome: Outcome) -> list[FoldPredictor]:
    """One per fold, from the members that `judge_folds(..., keep=True)` stored."""
    seed = outcome.repetition.seed
    rows = trainings(study.members, study.corpus, outcome.plans, seed=seed, directory=study.folds_dir(seed))
    found = []
    for row, chosen, plan in zip(rows, outcome.chosen, outcome.plans, strict=True):
        loaded = []
        for training, weight in zip(row, chosen.weights, strict=True):
            entry = training.kept()
            if entry is None:
                raise RuntimeError(
                    f"{training.kept_directory} holds no trained member; judge with keep=True."
                )
            if weight > 0:
                member = replace(entry, weight=float(weight))
                artefact = _artefact(study, chosen, member, training.kept_directory, seed)
                loaded.append(LoadedMember.load(artefact, member, "auto"))
        artefact = replace(artefact, members=tuple(own.member for own in loaded))
        predictor = EnsemblePredictor(artefact, tuple(loaded), artefact.operating_points["balanced"])
        found.append(FoldPredictor(predictor, plan.test, chosen.prevalence))
    return found


def sounds_of(corpus: Corpus, data_dir: Path | None) -> SoundOf:
    """How to hear a corpus' recording: from its waveforms, or from `data_dir` where the preset keeps none."""
    if data_dir is None or (corpus.directory / WAVEFORMS_FILE).exists():
        return lambda index: (corpus.samples(index), FS_HZ)
    paths = {recording.file_id: recording.path for recording in read_recordings(data_dir)}

    def load(index: int) -> Sound:
        samples, fs_hz = load_audio(paths[str(corpus.file_ids[index])])
        return samples.astype(np.float32), fs_hz

    return load


def _artefact(study: Study, chosen: Chosen, member: Member, directory: Path, seed: int) -> Artefact:
    calibration = Calibration(chosen.platt.slope, chosen.platt.intercept)
    return Artefact(
        name=study.preset_name,
        version="fold",
        members=(member,),
        operating_points={
            name: OperatingPoint(calibration, point.threshold, point.band)
            for name, point in chosen.points.items()
        },
        assumed_prevalence=chosen.prevalence,
        preprocessing={},
        training_data=TrainingData("a fold", "", 0, 0),
        code_version="",
        licence="",
        seed=seed,
        directory=directory,
    )
