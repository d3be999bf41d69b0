"""The signal-quality index: is this a heartbeat, is it clear, and what could a person do about it.

Two questions to the numbers in `quality_features`, answered by models that `python -m ml.training.quality_index` fits
and stores in `quality.json`: is the sound clear, taught by REFERENCE-SQI; and is it a heart at all, taught by real
recordings against synthesised sounds. Each answer is the mean of a linear model and of boosted trees. numpy only.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ml.dsp.cleaning import check_samples, clipped_fraction, remove_spikes
from ml.dsp.quality_features import MIN_DURATION_S, RATE_HZ, line_share, quality_features
from ml.dsp.segmentation import Segmentation, segment
from ml.errors import SignalError

PARAMETERS_FILE = Path(__file__).with_name("quality.json")
REASONS = (
    "too_short", "silent", "too_quiet", "clipped", "hum", "talking", "moved", "noisy", "not_a_heartbeat",
)  # fmt: skip

READABLE_DURATION_S = 1.8  # two beats of a heart at rest, below which their spread is unknown
USABLE_SCORE = 0.5

SILENT_RMS = 1e-6  # of full scale: below one step of 16 bits there is only an idle converter
# Fewer distinct values than this cannot hold both heart sounds and what lies between them.
MIN_DISTINCT_VALUES = 8
_A_FEW_SAMPLES = 1000  # hold that many values wherever there is sound
QUIET_RMS = 3e-3  # -50 dB of full scale; usable recordings of the six PhysioNet databases lie above it
# Of the samples; 99 % of the usable PhysioNet recordings have less than 0.01. Above the second no S1 keeps
# its shape.
CLIPPED_FRACTION, HOPELESS_CLIPPING = 0.01, 0.3
HUM_SHARE = 0.5
MOVED_BURST = math.log(8.0)  # one half second with eight times the energy of the median one
MOVED_SHARE = 0.03  # of the samples, cut out as spikes
TALKING_SHARE = math.log10(0.03)  # of the power above 250 Hz, where a heart has little
TALKING_BURST = math.log(4.0)


@dataclass(frozen=True)
class InputLevel:
    """What only the samples as they arrived can tell: `rms` and `clipped` are fractions, of full scale and
    samples. `distinct_values` is exact below MIN_DISTINCT_VALUES alone."""

    rms: float
    clipped: float
    distinct_values: int
    duration_s: float


@dataclass(frozen=True)
class Quality:
    """`score` 0..1; at or above `USABLE_SCORE` the recording is `usable`. `reasons`, the first weighs
    most."""

    usable: bool
    score: float
    reasons: tuple[str, ...] = ()


def measure_level(x: np.ndarray, fs_hz: float) -> InputLevel:
    """Level and clipping of `x` (n_samples,), in [-1, 1], as recorded. Raises SignalError like `check_samples`."""
    x = check_samples(x)
    centred = x - x.mean()
    rms = math.sqrt(np.dot(centred, centred) / x.size)
    # Steps can only matter where little sound is left.
    distinct = _distinct_values(x) if rms < 10 * QUIET_RMS else MIN_DISTINCT_VALUES
    return InputLevel(rms, clipped_fraction(x), distinct, x.size / fs_hz)


def _distinct_values(x: np.ndarray) -> int:
    """How many values `x` takes, or at least MIN_DISTINCT_VALUES: sorting all of it would say no more."""
    of_a_few = np.unique(x[:_A_FEW_SAMPLES]).size
    return of_a_few if of_a_few >= MIN_DISTINCT_VALUES else np.unique(x).size


def assess_quality(x: np.ndarray, level: InputLevel, segmentation: Segmentation | None = None) -> Quality:
    """Quality of a recording.

    x : ndarray of shape (n_samples,), the same sound at 2 kHz, without offset; its spikes are removed here.
    level : of the sound as it arrived (`measure_level`). segmentation : of `x`; made here unless given.
    """
    if level.rms < SILENT_RMS or not np.any(x):
        return Quality(False, 0.0, ("silent",))
    if level.duration_s < MIN_DURATION_S:
        return Quality(False, 0.0, ("too_short",))
    cleaned = remove_spikes(x, RATE_HZ)
    features = quality_features(cleaned, segmentation or segment(x, RATE_HZ))
    features["removed"] = float(np.mean(cleaned != x))
    parameters = _parameters()
    clear, heart = (_logit(features, parameters[question]) for question in ("clear", "heart"))
    score = 1 / (1 + math.exp(-min(clear, heart)))
    hard = _hard_reasons(level)
    if score >= USABLE_SCORE and not hard:
        return Quality(True, score)
    soft = _soft_reasons(cleaned, features, level, clear, heart)
    reasons = hard + [reason for reason in soft if reason not in hard]
    if hard and hard != ["too_short"]:
        score = min(score, 0.4)
    return Quality(False, score, tuple(reasons))


def _hard_reasons(level: InputLevel) -> list[str]:
    reasons = []
    if level.duration_s < READABLE_DURATION_S:
        reasons.append("too_short")
    if level.distinct_values < MIN_DISTINCT_VALUES:
        reasons.append("too_quiet")
    if level.clipped > HOPELESS_CLIPPING:
        reasons.append("clipped")
    return reasons


def _soft_reasons(
    x: np.ndarray, features: dict[str, float], level: InputLevel, clear: float, heart: float
) -> list[str]:
    """Why the score is low: what stands out most, `noisy` where nothing does."""
    if clear >= 0 and heart >= 0:
        return []
    reasons = []
    if level.clipped > CLIPPED_FRACTION:
        reasons.append("clipped")
    if level.rms < QUIET_RMS:
        reasons.append("too_quiet")
    if max(line_share(x, 50.0), line_share(x, 60.0)) > HUM_SHARE and features["lines"] > HUM_SHARE / 2:
        reasons.append("hum")
    if features["burst"] > MOVED_BURST or features["removed"] > MOVED_SHARE:
        reasons.append("moved")
    high_share = np.logaddexp2(features["share_250"] / math.log10(2), features["share_500"] / math.log10(2))
    if high_share * math.log10(2) > TALKING_SHARE and features["burst_high"] > TALKING_BURST:
        reasons.append("talking")
    if clear < 0 and not reasons:
        reasons.append("noisy")
    if heart < 0:
        reasons.append("not_a_heartbeat")
    return reasons


def _logit(features: dict[str, float], model: dict[str, Any]) -> float:
    """Mean of both models of a question, less the offset that sets how many usable recordings it turns away."""
    values = np.array([features[name] for name in model["features"]])
    answers = _linear_logit(values, model["linear"]), _tree_logit(values, model["trees"])
    return sum(answers) / len(answers) - float(model["offset"])


def _linear_logit(values: np.ndarray, model: dict[str, Any]) -> float:
    # A device that none of the training recordings came from must not run away along a single number.
    standard = np.clip((values - model["mean"]) / model["sd"], -model["limit"], model["limit"])
    return float(standard @ model["weights"] + model["intercept"])


def _tree_logit(values: np.ndarray, model: dict[str, Any]) -> float:
    trees = np.arange(len(model["feature"]))
    node = np.zeros(len(trees), dtype=int)
    # The trees were grown on numbers of single precision: on a threshold they would decide the other way.
    values = values.astype(np.float32)
    for _ in range(model["depth"]):
        goes_left = values[model["feature"][trees, node]] <= model["threshold"][trees, node]
        node = np.where(goes_left, model["left"][trees, node], model["right"][trees, node])
    return float(model["value"][trees, node].sum() + model["intercept"])


@lru_cache(maxsize=1)
def _parameters() -> dict[str, Any]:
    try:
        stored = json.loads(PARAMETERS_FILE.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SignalError(
            "quality.parameters", f"The quality index cannot work: {PARAMETERS_FILE.name} cannot be read."
        ) from error
    return {
        question: {
            **stored[question],
            "linear": _arrays(stored[question]["linear"], ("mean", "sd", "weights")),
            "trees": _arrays(stored[question]["trees"], ("feature", "threshold", "left", "right", "value")),
        }
        for question in ("clear", "heart")
    }


def _arrays(model: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {**model, **{name: np.array(model[name]) for name in names}}
