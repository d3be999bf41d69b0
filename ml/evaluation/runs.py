"""The evaluations that train: from a folder of recordings to the sections of figures, going on after a stop."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from ml.data.corpus import Corpus
from ml.data.manifest import FILE_NAME
from ml.data.physionet import DatasetError
from ml.data.prepare import prepare_dataset
from ml.evaluation.ablation import evaluate_without
from ml.evaluation.bootstrap import REPLICATES
from ml.evaluation.fold_predictor import fold_predictors, sounds_of
from ml.evaluation.lodo import evaluate_lodo
from ml.evaluation.paired import Run, StoredRuns
from ml.evaluation.repeated import Repetition, evaluate_folds, judge_folds
from ml.evaluation.stress_table import evaluate_short_clips, evaluate_stress
from ml.evaluation.study import Study
from ml.presets import load_preset
from ml.training.backend import prepare_backend
from ml.training.config import Preset
from ml.training.members import Member, Report, create_members

FOLDS = 5
Section = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """What to judge, with what, and where to keep it.

    `members` replace the preset's where there are any, `epochs` its number. `dataset` is prepared from `data` under
    `work` where None. `trained` is the folder of a train_model whose folds shall be used.
    """

    preset: str
    data: Path | None
    work: Path
    members: tuple[str, ...] = ()
    epochs: int | None = None
    dataset: Path | None = None
    seeds: tuple[int, ...] = (0,)
    fold_seeds: tuple[int, ...] = ()
    workers: int = 1
    threads: int | None = None
    trained: Path | None = None
    replicates: int = REPLICATES


def open_study(wanted: Wanted, report: Report) -> Study:
    """Load preset and members, prepare what is missing, set up Keras. Raises DatasetError, BackendMissingError."""
    preset = load_preset(wanted.preset)
    if wanted.epochs is not None:
        preset = dataclasses.replace(
            preset, training=dataclasses.replace(preset.training, epochs=wanted.epochs)
        )
    dataset = wanted.dataset or _prepared(wanted, preset, report)
    prepare_backend(seed=wanted.seeds[0], threads=wanted.threads)
    return Study.of(
        Corpus(dataset),
        preset,
        _members(wanted, preset),
        work_dir=wanted.work,
        report=report,
        trained=(wanted.seeds[0], wanted.trained) if wanted.trained else None,
    )


def run_folds(study: Study, wanted: Wanted) -> tuple[Section, StoredRuns]:
    """The section `folds`, and every repetition's predictions to be compared with another model's."""
    section, outcomes = evaluate_folds(study, list(_repetitions(study, wanted)), replicates=wanted.replicates)
    runs = [
        Run(own.repetition.fold_seed, own.repetition.seed, own.decided["balanced"].predictions)
        for own in outcomes
    ]
    return section, _stored(study, wanted, "folds", runs)


def run_lodo(study: Study, wanted: Wanted, *, nested: bool) -> tuple[Section, StoredRuns]:
    """The section `lodo`, and every seed's predictions."""
    section, first = evaluate_lodo(study, seed=wanted.seeds[0], nested=nested, replicates=wanted.replicates)
    runs = [Run(study.prepared_seed, wanted.seeds[0], first.predictions)]
    lines = [_lodo_line(wanted.seeds[0], section)]
    for seed in wanted.seeds[1:]:
        own, decided = evaluate_lodo(study, seed=seed, nested=nested, replicates=0)
        runs.append(Run(study.prepared_seed, seed, decided.predictions))
        lines.append(_lodo_line(seed, own))
    return section | {"repetitions": lines}, _stored(study, wanted, "lodo", runs)


def run_without(study: Study, wanted: Wanted, database: str) -> Section:
    """The section `without_<database>`."""
    return evaluate_without(study, database, list(_repetitions(study, wanted)), replicates=wanted.replicates)


def run_stress(study: Study, wanted: Wanted) -> dict[str, Section]:
    """The sections `stress` and `short_clips`, of the first repetition's folds."""
    seed = wanted.seeds[0]
    outcome = judge_folds(study, Repetition(study.prepared_seed, seed), keep=True)
    predictors = fold_predictors(study, outcome)
    sound_of = sounds_of(study.corpus, wanted.data)
    return {
        "stress": evaluate_stress(study, predictors, sound_of, seed=seed, replicates=wanted.replicates),
        "short_clips": evaluate_short_clips(
            study, predictors, sound_of, seed=seed, replicates=wanted.replicates
        ),
    }


def _repetitions(study: Study, wanted: Wanted) -> Iterator[Repetition]:
    for fold_seed in wanted.fold_seeds or (study.prepared_seed,):
        for seed in wanted.seeds:
            yield Repetition(fold_seed, seed)


def _lodo_line(seed: int, section: Section) -> Section:
    own = section["ranking"]
    means = section["operating_points"]["balanced"]["groups"].get("mean_abcdf", {})
    figures = {f"auc_{name}": value for name, value in own["auc"].items()}
    figures["mean_auc_abcdf"] = own["mean_auc_abcdf"]
    if means:
        figures["mean_macc_abcdf"] = means["forced"]["macc"]
    return {"seed": seed, "figures": figures}


def _stored(study: Study, wanted: Wanted, kind: str, runs: list[Run]) -> StoredRuns:
    name = f"{study.preset_name} ({', '.join(study.names)})" if wanted.members else study.preset_name
    seeds = sorted({run.seed for run in runs})
    return StoredRuns(name, kind, study.provenance(seeds), tuple(runs))


def _members(wanted: Wanted, preset: Preset) -> list[Member]:
    if not wanted.members:
        return create_members(preset)
    try:
        return [import_module(f"ml.training.members.{name}").create(preset) for name in wanted.members]
    except (ModuleNotFoundError, AttributeError, ValueError) as error:
        raise DatasetError(f"--members {','.join(wanted.members)}: {error}") from error


def _prepared(wanted: Wanted, preset: Preset, report: Report) -> Path:
    directory = wanted.work / wanted.preset
    if not (directory / FILE_NAME).exists():
        if wanted.data is None:
            raise DatasetError(
                "Nothing is prepared yet; give --data, the folder of recordings, or --dataset."
            )
        report(f"Preparing {wanted.data} for {wanted.preset}\n")
        prepare_dataset(wanted.data, directory, preset, workers=wanted.workers, folds=FOLDS, seed=0)
    return directory
