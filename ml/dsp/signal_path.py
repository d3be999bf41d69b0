"""What a recording goes through on its way to the members, by hash and version: a model belongs to one of them."""

import hashlib
from pathlib import Path

SEGMENTATION_FILE = Path(__file__).with_name("segmentation_params.json")
BEAT_FEATURES_VERSION = 2  # raise it when phase_features, beat_image or what they are made from change
PEAK_PICTURE_VERSION = 1  # likewise of peak_picture


def signal_path() -> dict[str, str | int]:
    """SHA-256 of the segmentation's parameters, and the versions of what is made from its beats."""
    return {
        "segmentation_sha256": hashlib.sha256(SEGMENTATION_FILE.read_bytes()).hexdigest(),
        "beat_features": BEAT_FEATURES_VERSION,
        "peak_picture": PEAK_PICTURE_VERSION,
    }
