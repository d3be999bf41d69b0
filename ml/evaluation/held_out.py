"""Logits that members gave recordings they had not seen, and what choices make of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.data.corpus import Corpus
from ml.evaluation.choices import Chosen
from ml.evaluation.decisions import Decided
from ml.training.folds import as_predictions
from ml.training.members import Indices


@dataclass(frozen=True)
class HeldOut:
    """Logits (n, n_members) of the recordings at `indices`."""

    indices: Indices
    logits: NDArray[np.float64]

    @classmethod
    def joined(cls, parts: Sequence["HeldOut"]) -> "HeldOut":
        """Several as one, in their order."""
        return cls(
            np.concatenate([part.indices for part in parts]), np.concatenate([part.logits for part in parts])
        )

    def split(self, lengths: Sequence[int]) -> list["HeldOut"]:
        """Consecutive parts of these lengths."""
        ends = np.cumsum(lengths)[:-1]
        return [
            HeldOut(indices, logits)
            for indices, logits in zip(np.split(self.indices, ends), np.split(self.logits, ends), strict=True)
        ]

    def decide(self, corpus: Corpus, chosen: Chosen) -> dict[str, Decided]:
        """What the choices make of the logits, at each operating point."""
        scores = chosen.scores(self.logits)
        predictions = as_predictions(corpus, self.indices, chosen.platt.log_odds(scores))
        probabilities = chosen.platt(scores)
        return {
            name: Decided.at(predictions, probabilities, point, assumed_prevalence=chosen.prevalence)
            for name, point in chosen.points.items()
        }
