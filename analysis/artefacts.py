"""The files behind a registered model: whether they are still those that were registered."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from ml.inference.artefact import DESCRIPTION_FILE, Artefact, load_artefact
from ml.inference.errors import ArtefactError

if TYPE_CHECKING:
    from analysis.models import ModelVersion


def digest_of(directory: Path) -> str:
    """The description holds the hash of every other file, so its own hash names the whole artefact."""
    return hashlib.sha256((directory / DESCRIPTION_FILE).read_bytes()).hexdigest()


def require_unchanged(directory: Path, artefact_sha256: str) -> Artefact:
    """Load and verify what was registered under this hash. Raises ArtefactError; artefact.replaced if not."""
    artefact = load_artefact(directory)
    if digest_of(directory) != artefact_sha256:
        raise ArtefactError(
            "artefact.replaced",
            "The model's files were replaced since it was registered: what lies there now is another model."
            " Restart the server, or register it with manage.py register_model.",
        )
    return artefact


def facts_of(artefact: Artefact) -> dict:
    """What a ModelVersion keeps of its artefact, so that a page needs no file."""
    curve = artefact.operating_curve
    return {
        "assumed_prevalence": artefact.assumed_prevalence,
        "session": dict(artefact.session),
        "operating_points": {
            name: {"threshold": point.threshold, "unsure_band": list(point.unsure_band)}
            for name, point in artefact.operating_points.items()
        },
        "operating_curve": curve.as_dict() if curve else None,
        "trained_on": artefact.training_data.description,
    }


def verify(version: ModelVersion) -> Artefact:
    """As `require_unchanged`, of a registered version."""
    return require_unchanged(Path(version.directory), version.artefact_sha256)
