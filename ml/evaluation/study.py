"""What an evaluation by training works with: recordings, members, and where what was trained is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml.data.corpus import Corpus
from ml.data.prepare import read_config
from ml.training.config import Preset
from ml.training.members import Member, Report
from ml.training.metadata import code_version, data_hash


@dataclass(frozen=True)
class Study:
    """Members to be judged on a corpus. Everything trained lies under `work_dir` and is not trained again.

    `shares` are the preset's (see Preset); `prepared_seed` and `n_folds` are those that the corpus was prepared with.
    """

    corpus: Corpus
    preset_name: str
    members: Sequence[Member]
    shares: tuple[float, ...]
    work_dir: Path
    report: Report
    prepared_seed: int = 0
    n_folds: int = 5
    trained: tuple[int, Path] | None = None
    """Seed and folder of a train_model: the folds trained there are used instead of training them anew."""

    @classmethod
    def of(
        cls,
        corpus: Corpus,
        preset: Preset,
        members: Sequence[Member],
        *,
        work_dir: Path,
        report: Report,
        trained: tuple[int, Path] | None = None,
    ) -> "Study":
        """A preset's members, or some of them, on the data set that was prepared for it.

        Members that the preset gives no share have equal ones.
        """
        config = read_config(corpus.directory)
        known = dict(zip(preset.members, preset.shares, strict=False))
        named = all(member.name in known for member in members)
        shares = tuple(known[member.name] for member in members) if named else ()
        return cls(
            corpus,
            preset.name,
            members,
            shares,
            work_dir,
            report,
            prepared_seed=config["seed"],
            n_folds=config["folds"],
            trained=trained,
        )

    @property
    def names(self) -> list[str]:
        """The members' names."""
        return [member.name for member in self.members]

    @property
    def equal_or_own_shares(self) -> tuple[float, ...]:
        """The preset's shares, equal ones where it names none."""
        return self.shares or (1.0,) * len(self.members)

    def lodo_dir(self, seed: int) -> Path:
        """Where trainings without whole databases are kept."""
        return self.work_dir / f"lodo-seed{seed}"

    def folds_dir(self, seed: int) -> Path:
        """Where trainings on folds are kept."""
        if self.trained and self.trained[0] == seed:
            return self.trained[1] / "work"
        return self.work_dir / f"folds-seed{seed}"

    def provenance(self, seeds: Sequence[int]) -> dict[str, Any]:
        """What every stored section of figures says of where it comes from."""
        corpus = self.corpus
        return {
            "data": "PhysioNet/CinC Challenge 2016, public training recordings, less the demo samples' subjects",
            "data_sha256": data_hash(corpus),
            "recordings": len(corpus),
            "subjects": len(set(corpus.subjects.tolist())),
            "preset": self.preset_name,
            "members": {member.name: getattr(member, "settings", {}) for member in self.members},
            "seeds": list(seeds),
            "code_version": code_version(),
        }
