"""Named configurations, one TOML file each; `load_preset("heart")` reads ml/presets/heart.toml."""

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

from ml.data.opsfusion import OpsfusionConfig
from ml.dsp.mel_windows import MelWindowConfig
from ml.training.config import AugmentConfig, Preset, TrainingConfig

PRESETS_DIR = Path(__file__).parent
DEFAULT_PRESET = "heart"
_FEATURES = {"opsfusion": OpsfusionConfig, "mel_windows": MelWindowConfig}


class PresetError(Exception):
    """There is no such preset, or its file names something that does not exist; the message says which."""


def preset_names() -> list[str]:
    """Names of the presets, sorted."""
    return sorted(path.stem for path in PRESETS_DIR.glob("*.toml"))


def load_preset(name: str) -> Preset:
    """The preset called `name`. Raises PresetError."""
    if name not in preset_names():
        raise PresetError(f"There is no preset {name!r}; there are {', '.join(preset_names())}.")
    text = (PRESETS_DIR / f"{name}.toml").read_text(encoding="utf-8")
    return parse_preset(name, tomllib.loads(text))


def parse_preset(name: str, table: dict[str, Any]) -> Preset:
    """A preset from its file's content. Raises PresetError for unknown or missing keys."""
    features = dict(table.get("features", {}))
    kind = features.pop("kind", None)
    if kind not in _FEATURES:
        raise PresetError(f"{name}: features.kind must be one of {', '.join(_FEATURES)}, not {kind!r}.")
    augment = table.get("augment")
    members, shares = tuple(table.get("members", ())), tuple(table.get("shares", ()))
    if shares and (len(shares) != len(members) or min(shares) <= 0):
        raise PresetError(f"{name}: shares must hold one positive number for each member.")
    return Preset(
        name=name,
        summary=table.get("summary", ""),
        features=_build(name, "features", _FEATURES[kind], features),
        training=_build(name, "training", TrainingConfig, table.get("training", {})),
        augment=None if augment is None else _build(name, "augment", AugmentConfig, augment),
        members=members,
        shares=shares,
    )


def _build(preset: str, section: str, cls: type, values: dict[str, Any]) -> Any:
    unknown = set(values) - {field.name for field in fields(cls)}
    if unknown:
        raise PresetError(f"{preset}: {section} has no setting {', '.join(sorted(unknown))}.")
    try:
        return cls(
            **{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
        )
    except TypeError as error:
        raise PresetError(f"{preset}: {section} is incomplete ({error}).") from error
