"""The software as it ships on a folder of recordings: what it says, forced and three-way, and the heart rate."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ml.data.physionet import Recording, read_recordings
from ml.evaluation.bootstrap import REPLICATES
from ml.evaluation.calibration import Threshold
from ml.evaluation.decisions import Decided, decision_table
from ml.evaluation.heart_rate import judge_against_ecg
from ml.evaluation.metrics import auc
from ml.evaluation.reading import ReadRecording, predictions_of, read_all, with_reading
from ml.evaluation.subjects import by_subject
from ml.evaluation.tables import ranking
from ml.inference import RELEASE_DIR
from ml.inference.artefact import OperatingPoint, load_artefact
from ml.inference.reading import HeartSoundReading, label_for
from ml.training.metadata import code_version

Read = list[tuple[Recording, HeartSoundReading]]


def evaluate_readings(
    data_dir: Path,
    model_dir: Path | None,
    *,
    workers: int,
    seed: int = 0,
    replicates: int = REPLICATES,
    progress: Callable[[Iterator[ReadRecording], int], Iterator[ReadRecording]] = lambda items, total: items,
) -> dict[str, Any]:
    """The section `readings` of the figures.

    `model` tells which training data the model saw: figures on the same recordings are no test.
    """
    artefact = load_artefact(model_dir or RELEASE_DIR)
    recordings = read_recordings(data_dir)
    done = read_all(recordings, model_dir, workers=workers, progress=progress)
    read = with_reading(done)
    predictions, probabilities, _ = predictions_of(done)
    decided = {
        name: Decided.at(
            predictions,
            probabilities,
            Threshold(point.threshold, point.unsure_band),
            calls=_calls(read, point),
            assumed_prevalence=artefact.assumed_prevalence,
        )
        for name, point in artefact.operating_points.items()
    }
    return {
        "model": {
            "name": artefact.name,
            "version": artefact.version,
            "trained_on": artefact.training_data.sha256,
        },
        "code_version": code_version(),
        "seed": seed,
        "unreadable": {item.recording.file_id: item.error for item in done if item.error},
        "ranking": ranking(predictions, seed=seed, replicates=replicates),
        "by_subject": by_subject(decided["balanced"], seed=seed, replicates=replicates),
        "operating_points": {
            name: {
                "threshold": artefact.operating_points[name].threshold,
                "unsure_band": list(artefact.operating_points[name].unsure_band),
            }
            | decision_table(own, seed=seed, replicates=replicates)
            for name, own in decided.items()
        },
        "quality": _quality_rates(read),
        "heart_rate": judge_against_ecg(done, recordings[0].path.parent.parent),
    }


def _calls(read: Read, point: OperatingPoint) -> np.ndarray:
    """The software's three-way labels at an operating point, its quality check included."""
    return np.array(
        [
            label_for(reading.probability_abnormal, point.threshold, point.unsure_band, reading.quality)[0]
            for _, reading in read
        ]
    )


def _quality_rates(read: Read) -> dict[str, Any]:
    """How the quality index agrees with the official one, per database, and what it rejects by label."""
    result = {}
    for database in sorted({recording.database for recording, _ in read}):
        own = [pair for pair in read if pair[0].database == database]
        usable = np.array([recording.usable for recording, _ in own])
        labels = np.array([recording.label for recording, _ in own])
        rejected = np.array([not reading.quality.usable for _, reading in own])
        scores = np.array([reading.quality.score for _, reading in own])
        result[database] = {
            "auc_usable": auc(usable.astype(int), scores),
            "rejected_noisy": _share(rejected[~usable]),
            "rejected_usable_normal": _share(rejected[usable & (labels == 0)]),
            "rejected_usable_abnormal": _share(rejected[usable & (labels == 1)]),
        }
    return result


def _share(values: Sequence[bool] | np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
