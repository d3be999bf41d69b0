"""Trains members plan by plan and keeps what they said of the recordings they had not seen; goes on after a stop."""

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data.corpus import Corpus
from ml.inference.artefact import Member as ArtefactMember
from ml.training.callbacks import duration
from ml.training.fingerprint import training_fingerprint
from ml.training.folds import Plan
from ml.training.members import Indices, Member, Report

LOGITS_FILE = "logits.json"
KEPT_FOLDER, ENTRY_FILE = "fitted", "entry.json"


@dataclass(frozen=True)
class Training:
    """One member on one plan, and where what comes of it is kept."""

    member: Member
    plan: Plan
    directory: Path
    fingerprint: str

    def logits(self, corpus: Corpus) -> NDArray[np.float64] | None:
        """What is stored of the plan's recordings, shape (n,); None when there is nothing, or of another training."""
        stored = _read(self.directory / LOGITS_FILE)
        if stored is None or stored["fingerprint"] != self.fingerprint:
            return None
        if stored["file_ids"] != corpus.file_ids[self.plan.test].tolist():
            return None
        return np.array(stored["logits"], dtype=np.float64)

    def kept(self) -> ArtefactMember | None:
        """The trained member as an artefact's entry, its files in `kept_directory`; None when it was not kept."""
        stored = _read(self.kept_directory / ENTRY_FILE)
        if stored is None or stored["fingerprint"] != self.fingerprint:
            return None
        return ArtefactMember(self.member.name, self.member.kind, stored["files"], stored["config"])

    @property
    def kept_directory(self) -> Path:
        """Where the trained member's files are."""
        return self.directory / KEPT_FOLDER

    def run(self, corpus: Corpus, *, seed: int, keep: bool, report: Report) -> None:
        """Train, judge, and store; with `keep` the trained member's files as well."""
        self.directory.mkdir(parents=True, exist_ok=True)
        fitted = self.member.fit(corpus, self.plan.train, seed=seed, work_dir=self.directory, report=report)
        if keep:
            self.kept_directory.mkdir(exist_ok=True)
            entry = fitted.save(self.kept_directory)
            _write(
                self.kept_directory / ENTRY_FILE,
                {"fingerprint": self.fingerprint, "files": entry["files"], "config": entry["config"]},
            )
        logits = [value if math.isfinite(value) else None for value in fitted.logits(corpus, self.plan.test)]
        _write(
            self.directory / LOGITS_FILE,
            {
                "fingerprint": self.fingerprint,
                "file_ids": corpus.file_ids[self.plan.test].tolist(),
                "logits": logits,
            },
        )


def trainings(
    members: Sequence[Member], corpus: Corpus, plans: Sequence[Plan], *, seed: int, directory: Path
) -> list[list[Training]]:
    """For each plan, one training per member."""
    return [
        [
            Training(
                member,
                plan,
                directory / member.name / plan.name,
                training_fingerprint(corpus, plan.train, getattr(member, "settings", {}), member.name, seed),
            )
            for member in members
        ]
        for plan in plans
    ]


def held_out_logits(
    members: Sequence[Member],
    corpus: Corpus,
    plans: Sequence[Plan],
    *,
    seed: int,
    directory: Path,
    report: Report,
    keep: bool = False,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[Indices, NDArray[np.float64]]:
    """Indices of every recording judged, plan after plan, and the members' logits for them, (n, n_members).

    Each plan's logits are stored under `directory` and not computed again for the same settings, seed and recordings,
    so that a stopped run continues where it was. With `keep` the trained members are stored too (see `Training.kept`).
    """
    wanted = trainings(members, corpus, plans, seed=seed, directory=directory)
    todo = [
        training
        for row in wanted
        for training in row
        if training.logits(corpus) is None or (keep and training.kept() is None)
    ]
    _run_all(
        todo, corpus, n_wanted=len(plans) * len(members), seed=seed, keep=keep, report=report, clock=clock
    )
    logits = [np.stack([_stored(training, corpus) for training in row], axis=1) for row in wanted]
    return np.concatenate([plan.test for plan in plans]), np.concatenate(logits)


def _run_all(
    todo: Sequence[Training],
    corpus: Corpus,
    *,
    n_wanted: int,
    seed: int,
    keep: bool,
    report: Report,
    clock: Callable[[], float],
) -> None:
    if not todo:
        return
    if len(todo) < n_wanted:
        report(f"{n_wanted - len(todo)} of {n_wanted} trainings are stored; {len(todo)} to go\n")
    taken_s: dict[str, list[float]] = {}
    for number, training in enumerate(todo, 1):
        name, plan = training.member.name, training.plan
        report(
            f"[{number:{len(str(len(todo)))}d}/{len(todo)}] {name}, {plan.name}:"
            f" learns from {len(plan.train):,} recordings, judges {len(plan.test):,}\n"
        )
        began = clock()
        training.run(corpus, seed=seed, keep=keep, report=report)
        taken_s.setdefault(name, []).append(clock() - began)
        left_s = _left_s(todo[number:], taken_s)
        rest = f"; left about {duration(left_s)}" if number < len(todo) else ""
        report(f"    {name}, {plan.name} took {duration(taken_s[name][-1])}{rest}\n")


def _left_s(todo: Sequence[Training], taken_s: dict[str, list[float]]) -> float:
    """A member not timed yet is taken for an average one."""
    means = {name: float(np.mean(values)) for name, values in taken_s.items()}
    unknown = float(np.mean(list(means.values())))
    return sum(means.get(training.member.name, unknown) for training in todo)


def _stored(training: Training, corpus: Corpus) -> NDArray[np.float64]:
    logits = training.logits(corpus)
    if logits is None:
        raise RuntimeError(f"{training.directory / LOGITS_FILE} was changed by another run meanwhile.")
    return logits


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def _write(path: Path, content: dict[str, Any]) -> None:
    """Whole or not at all: a run may be stopped at any moment."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(content), encoding="utf-8")
    partial.replace(path)
