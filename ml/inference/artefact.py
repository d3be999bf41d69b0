"""The model directory: `artefact.json` and the weight files that it names.

A directory is used only if every file is there with the hash written down when the model was made, and every
number in the description is inside its range; anything else raises `ArtefactError`. The format is described
in `docs/artefact.md`. Standard library only, so that the web process can show a model's name without its
engines.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ml.dsp.signal_path import signal_path
from ml.inference.curve import OperatingCurve, parse_curve
from ml.inference.errors import ArtefactError

SCHEMA = 1
DESCRIPTION_FILE = "artefact.json"
LABELS = ("normal", "abnormal")
REQUIRED_OPERATING_POINTS = ("balanced", "screening")
# Not in the artefact: a clinic's own point on the operating curve, by the sensitivity it asks for.
ADJUSTED = "adjusted"
FILE_FORMATS = ("onnx", "litert", "keras")
HASH_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Calibration:
    """p = sigmoid(slope * z + intercept), z the weighted mean of the members' logits (Platt 1999)."""

    slope: float = 1.0
    intercept: float = 0.0

    def __post_init__(self) -> None:
        _require_finite("calibration.slope", self.slope)
        _require_finite("calibration.intercept", self.intercept)
        if self.slope <= 0:
            raise _invalid(
                "calibration.slope must be positive: a higher score cannot mean a lower probability"
            )

    def probability(self, logit: float) -> float:
        """Calibrated probability in 0..1 of one mean logit."""
        z = self.slope * logit + self.intercept
        if z >= 0:
            return 1.0 / (1.0 + math.exp(-z))
        return math.exp(z) / (1.0 + math.exp(z))


@dataclass(frozen=True)
class OperatingPoint:
    """One way to turn a probability into a label: `threshold` forces a choice, `unsure_band` allows three."""

    calibration: Calibration
    threshold: float
    unsure_band: tuple[float, float]

    def __post_init__(self) -> None:
        low, high = self.unsure_band
        for name, value in (("threshold", self.threshold), ("unsure_band", low), ("unsure_band", high)):
            _require_finite(name, value)
        if not 0.0 <= low <= self.threshold <= high <= 1.0:
            raise _invalid(
                f"the threshold {self.threshold} must lie in its unsure band [{low}, {high}], both in 0..1"
            )


@dataclass(frozen=True)
class Member:
    """One model of the ensemble.

    `kind` selects the input that is prepared for it (see `ml.inference.members`); `files` maps a format
    (onnx, litert, keras) to a file name in the directory; `config` is the input's configuration and
    `config["output"]` is "logit" or "probability"; `weight` is its share of the mean logit.
    """

    name: str
    kind: str
    files: Mapping[str, str]
    config: Mapping[str, Any] = field(default_factory=dict)
    weight: float = 1.0

    def __post_init__(self) -> None:
        _require_finite(f"weight of {self.name}", self.weight)
        if self.weight <= 0:
            raise _invalid(f"the weight of member {self.name} must be positive")
        if not self.files:
            raise _invalid(f"member {self.name} names no file")
        unknown = set(self.files) - set(FILE_FORMATS)
        if unknown:
            raise _invalid(f"member {self.name} has files of unknown format: {', '.join(sorted(unknown))}")
        for file_name in self.files.values():
            _require_plain_name(file_name)
        if self.config.get("output", "logit") not in ("logit", "probability"):
            raise _invalid(f"member {self.name}: output must be logit or probability")


@dataclass(frozen=True)
class TrainingData:
    """What the model learnt from. `sha256` is the hash of the sorted "record,sha256 of its samples" lines."""

    description: str
    sha256: str
    n_recordings: int
    n_subjects: int


@dataclass(frozen=True)
class Artefact:
    """The description of a model. `session` holds the calibration of the session-level reading.

    `operating_curve` is None for a model that was released without one; it then cannot be adjusted.
    """

    name: str
    version: str
    members: tuple[Member, ...]
    operating_points: Mapping[str, OperatingPoint]
    assumed_prevalence: float
    preprocessing: Mapping[str, Any]
    training_data: TrainingData
    code_version: str
    licence: str
    operating_curve: OperatingCurve | None = None
    session: Mapping[str, float] = field(default_factory=dict)
    parity: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    created_at: str = ""
    labels: tuple[str, ...] = LABELS
    directory: Path | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if not self.name or not self.version:
            raise _invalid("the model has no name or no version")
        if not self.members:
            raise _invalid("the model has no members")
        names = [member.name for member in self.members]
        if len(set(names)) != len(names):
            raise _invalid("two members have the same name")
        missing = [name for name in REQUIRED_OPERATING_POINTS if name not in self.operating_points]
        if missing:
            raise _invalid(f"the operating point {missing[0]} is missing")
        _require_finite("assumed_prevalence", self.assumed_prevalence)
        if not 0.0 < self.assumed_prevalence < 1.0:
            raise _invalid("assumed_prevalence must be between 0 and 1")
        if tuple(self.labels) != LABELS:
            raise _invalid(f"labels must be {list(LABELS)}, not {list(self.labels)}")
        if ADJUSTED in self.operating_points:
            raise _invalid(f"{ADJUSTED} is a point of the curve, not one of the model's own")
        if self.operating_curve is not None:
            self._require_own_curve(self.operating_curve)

    def _require_own_curve(self, curve: OperatingCurve) -> None:
        """The curve is of this model: it holds the released points, and all of them read by one calibration."""
        calibration = self.operating_points[REQUIRED_OPERATING_POINTS[0]].calibration
        for name, point in self.operating_points.items():
            if curve.at_threshold(point.threshold) is None or point.calibration != calibration:
                raise ArtefactError(
                    "artefact.curve",
                    f"The model's operating curve does not hold its operating point {name}: it is of another model.",
                )

    def point(self, name: str, sensitivity: float | None = None) -> OperatingPoint:
        """The operating point `name`; for `adjusted`, that of the curve for the wanted `sensitivity`.

        Raises ArtefactError artefact.operating_point for one that this model does not have.
        """
        if name != ADJUSTED:
            if name in self.operating_points:
                return self.operating_points[name]
            raise self._no_point(f"has no operating point {name!r}")
        if sensitivity is None:
            raise self._no_point("was asked for an adjusted operating point without a sensitivity")
        found = self.operating_curve.at_sensitivity(sensitivity) if self.operating_curve else None
        if found is None:
            raise self._no_point("cannot be adjusted: it carries no operating curve that allows it")
        calibration = self.operating_points[REQUIRED_OPERATING_POINTS[0]].calibration
        return OperatingPoint(calibration, found.threshold, found.unsure_band)

    def _no_point(self, what: str) -> ArtefactError:
        return ArtefactError("artefact.operating_point", f"The model {self.name} {what}.")

    def path_of(self, member: Member, file_format: str) -> Path | None:
        """Absolute path of a member's file, or None where the model has no such file."""
        file_name = member.files.get(file_format)
        if file_name is None or self.directory is None:
            return None
        return self.directory / file_name

    @property
    def file_names(self) -> tuple[str, ...]:
        """Every weight file of every member, sorted, each once."""
        return tuple(sorted({name for member in self.members for name in member.files.values()}))


def write_artefact(directory: Path, artefact: Artefact) -> Artefact:
    """Hash the weight files in `directory` and write `artefact.json` beside them, last and atomically.

    Returns the artefact as `load_artefact` would. Raises `ArtefactError` where a named file is missing.
    """
    directory = Path(directory)
    description = asdict(artefact)
    description.pop("directory")
    description["schema"] = SCHEMA
    description["files"] = {name: _fingerprint(directory, name) for name in artefact.file_names}
    try:
        text = json.dumps(description, indent=2, sort_keys=True, allow_nan=False) + "\n"
    except (TypeError, ValueError) as error:
        raise _invalid(f"the description cannot be written as JSON: {error}") from error
    temporary = directory / f".{DESCRIPTION_FILE}.{os.getpid()}"
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(directory / DESCRIPTION_FILE)
    return load_artefact(directory)


def load_artefact(directory: Path) -> Artefact:
    """Read and verify a model directory: schema, ranges, presence and SHA-256 of each file.

    Raises `ArtefactError` with one of the codes artefact.missing, artefact.unreadable, artefact.schema,
    artefact.invalid, artefact.curve, artefact.file_missing, artefact.hash_mismatch, artefact.signal_path.
    """
    directory = Path(directory)
    description = _read_description(directory)
    artefact = _parse(description, directory)
    recorded = description.get("files")
    if not isinstance(recorded, dict) or set(recorded) != set(artefact.file_names):
        raise _invalid("the list of file hashes does not match the members' files")
    for name in artefact.file_names:
        if _fingerprint(directory, name) != recorded[name]:
            raise ArtefactError(
                "artefact.hash_mismatch",
                f"The model file {name} is damaged or was replaced: its SHA-256 differs from the one in"
                f" {DESCRIPTION_FILE}.",
            )
    _require_same_signal_path(artefact)
    return artefact


def _require_same_signal_path(artefact: Artefact) -> None:
    """What a member learnt from must be what it is shown. Models from before the entry was written carry none."""
    trained_on = artefact.preprocessing.get("signal_path", {})
    installed = signal_path()
    for key, what in (
        ("segmentation_sha256", "parameters of the segmentation"),
        ("beat_features", "features of the beats"),
        ("peak_picture", "pictures of the beats"),
    ):
        if key in trained_on and trained_on[key] != installed[key]:
            raise ArtefactError(
                "artefact.signal_path",
                f"The model {artefact.name} {artefact.version} was trained with other {what} than this software has:"
                " train it again, or use the version of the software it was made with.",
            )


def _read_description(directory: Path) -> dict[str, Any]:
    path = directory / DESCRIPTION_FILE
    try:
        description = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except FileNotFoundError:
        raise ArtefactError(
            "artefact.missing", f"There is no model in {directory.name}: {DESCRIPTION_FILE} is absent."
        ) from None
    except (OSError, ValueError) as error:
        raise ArtefactError("artefact.unreadable", f"{DESCRIPTION_FILE} cannot be read: {error}.") from error
    if not isinstance(description, dict):
        raise ArtefactError("artefact.unreadable", f"{DESCRIPTION_FILE} is not a JSON object.")
    if description.get("schema") != SCHEMA:
        raise ArtefactError(
            "artefact.schema",
            f"This model has the schema {description.get('schema')!r}; this software reads {SCHEMA}.",
        )
    return description


def _parse(description: Mapping[str, Any], directory: Path) -> Artefact:
    try:
        return Artefact(
            name=_text(description, "name"),
            version=_text(description, "version"),
            members=tuple(_parse_member(item) for item in description["members"]),
            operating_points={
                name: _parse_operating_point(item) for name, item in description["operating_points"].items()
            },
            assumed_prevalence=description["assumed_prevalence"],
            preprocessing=dict(description["preprocessing"]),
            training_data=TrainingData(**description["training_data"]),
            code_version=_text(description, "code_version"),
            licence=_text(description, "licence"),
            operating_curve=parse_curve(curve) if (curve := description.get("operating_curve")) else None,
            session=dict(description.get("session", {})),
            parity=dict(description.get("parity", {})),
            seed=int(description.get("seed", 0)),
            created_at=str(description.get("created_at", "")),
            labels=tuple(description["labels"]),
            directory=directory,
        )
    except KeyError as error:
        raise _invalid(f"the entry {error} is missing") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise _invalid(f"an entry has the wrong form: {error}") from error


def _parse_member(item: Mapping[str, Any]) -> Member:
    return Member(
        name=_text(item, "name"),
        kind=_text(item, "kind"),
        files=dict(item["files"]),
        config=dict(item.get("config", {})),
        weight=item["weight"],
    )


def _parse_operating_point(item: Mapping[str, Any]) -> OperatingPoint:
    low, high = item["unsure_band"]
    return OperatingPoint(
        calibration=Calibration(**item["calibration"]), threshold=item["threshold"], unsure_band=(low, high)
    )


def _fingerprint(directory: Path, name: str) -> dict[str, Any]:
    digest, size_bytes = hashlib.sha256(), 0
    try:
        with (directory / name).open("rb") as file:
            while chunk := file.read(HASH_CHUNK_BYTES):
                digest.update(chunk)
                size_bytes += len(chunk)
    except OSError as error:
        raise ArtefactError("artefact.file_missing", f"The model file {name} cannot be read.") from error
    return {"sha256": digest.hexdigest(), "bytes": size_bytes}


def _text(item: Mapping[str, Any], key: str) -> str:
    value = item[key]
    if not isinstance(value, str) or not value:
        raise _invalid(f"the entry {key!r} must be a text that is not empty")
    return value


def _require_finite(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise _invalid(f"{name} must be a finite number, not {value!r}")


def _require_plain_name(file_name: Any) -> None:
    if (
        not isinstance(file_name, str)
        or Path(file_name).name != file_name
        or file_name == ".."
        or "\\" in file_name
    ):
        raise _invalid(f"{file_name!r} is not a plain file name in the model's own directory")


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number that JSON allows")


def _invalid(reason: str) -> ArtefactError:
    return ArtefactError("artefact.invalid", f"The model's description is not usable: {reason}.")
