"""A corpus without sound and members without networks: what is known of each recording, and who asked for it."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np

from ml.evaluation.study import Study


class TinyCorpus:
    """Recordings of several databases, some subjects with several; `cue` (n,) is what a fake member hears."""

    def __init__(self, databases="abcdef", per_database=40, seed=0):
        rng = np.random.default_rng(seed)
        n = len(databases) * per_database
        self.databases = np.repeat(list(databases), per_database)
        number = np.tile(np.arange(per_database), len(databases))
        self.labels = (number % 4 < 2).astype(int)
        self.subjects = np.array([f"{d}_s{i // 2}" for d, i in zip(self.databases, number, strict=True)])
        self.file_ids = np.array([f"{d}{i:04d}" for d, i in zip(self.databases, number, strict=True)])
        self.usable = number % 7 != 0
        self.folds = (number // 4) % 5
        self.cue = 1.5 * self.labels + rng.standard_normal(n)
        self.rows = [SimpleNamespace(file_id=name, sha256=name) for name in self.file_ids]
        self.directory = None

    def __len__(self):
        return len(self.labels)


@dataclass
class SpyMember:
    """Hears the cue times `gain[database]`, and remembers each recording that it learnt from."""

    name: str = "spy"
    gain: dict = field(default_factory=dict)
    kind: str = "test"
    settings: dict = field(default_factory=lambda: {"depth": 1})
    trained_on: list = field(default_factory=list)
    noise: float = 0.0
    stop_after: int | None = None

    def fit(self, corpus, indices, *, seed, work_dir, report):
        if self.stop_after is not None and len(self.trained_on) == self.stop_after:
            raise KeyboardInterrupt
        self.trained_on.append(np.array(indices))
        return SpyFitted(self, len(indices) + seed)


@dataclass
class SpyFitted:
    member: SpyMember
    seed: int

    def logits(self, corpus, indices):
        gain = np.array([self.member.gain.get(str(name), 1.0) for name in corpus.databases[indices]])
        noise = np.random.default_rng(self.seed).standard_normal(len(indices))
        return gain * corpus.cue[indices] + self.member.noise * noise


def study(corpus, members, work_dir, shares=()):
    """A study of fake members that reports to nobody."""
    return Study(corpus, "tiny", members, shares, work_dir, lambda text: None)
