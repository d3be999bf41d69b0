"""What identifies a training: two with the same fingerprint give the same result on the same machine."""

import hashlib
import json
from typing import Any

from ml.data.corpus import Corpus
from ml.nets import version_setting
from ml.training.config import Preset, settings_that_matter


def training_fingerprint(corpus: Corpus, train: Any, settings: dict[str, Any], member: str, seed: int) -> str:
    """A hash of a member's settings, its name, the seed and the recordings at the indices `train`."""
    text = json.dumps([settings, member, seed, corpus.file_ids[train].tolist()], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def network_settings(preset: Preset) -> dict[str, Any]:
    """What of a preset decides how its network comes out."""
    settings = settings_that_matter(preset)
    chosen = {key: settings[key] for key in ("features", "training", "augment") if key in settings}
    return chosen | version_setting(preset.training.network)
