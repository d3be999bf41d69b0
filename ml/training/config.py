"""Numbers of a training, frozen: what a preset names, a checkpoint stores and the metadata repeats."""

from dataclasses import MISSING, dataclass, fields
from typing import Any

from ml.data.opsfusion import OpsfusionConfig
from ml.dsp.mel_windows import MelWindowConfig


@dataclass(frozen=True)
class AugmentConfig:
    """Probabilities and ranges of what is done to a training waveform (see ml.data.augment).

    `murmur_probability` is that of a normal one to have a murmur laid over it, and so to count as abnormal.
    """

    noise_probability: float = 0.5
    noise_snr_db: tuple[float, float] = (5.0, 30.0)
    equaliser_probability: float = 0.5
    equaliser_range_db: float = 8.0
    high_pass_probability: float = 0.25
    high_pass_hz: tuple[float, float] = (60.0, 150.0)
    steps_probability: float = 0.4
    distinct_values: tuple[int, int] = (60, 1500)
    offset_probability: float = 0.3
    clipping_probability: float = 0.2
    short_probability: float = 0.3
    short_s: tuple[float, float] = (1.2, 3.0)
    murmur_probability: float = 0.0


@dataclass(frozen=True)
class TrainingConfig:
    """One network's training.

    `patience` counts epochs without a better validation score before the end, `lr_patience` before the learning rate
    is divided by `lr_divisor`. `score` is "auc" or "macro_auc" (mean over databases a, b, d and f).
    `balance` is "class_weights" or "database_and_label". `schedule` is "plateau", or "cosine": down to zero over the
    epochs whatever the score, or "warm_cosine": up over the first tenth of the steps, then down to zero step by step.
    `ema` keeps a moving average of the weights over steps, with `ema_momentum`, and ends with that.
    `label_exponent`: see ml.data.loaders.balanced_weights.
    """

    network: str
    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    patience: int
    lr_patience: int
    lr_divisor: float
    score: str
    balance: str
    label_smoothing: float = 0.0
    steps_per_epoch: int | None = None
    schedule: str = "plateau"
    ema: bool = False
    label_exponent: float = 0.0
    ema_momentum: float = 0.99


@dataclass(frozen=True)
class Preset:
    """A named configuration: features, the network's training, and the members of the ensemble if it is one.

    `shares` are the members' say in the mean, in units of their held-out logits' spread; equal when empty.
    """

    name: str
    summary: str
    features: OpsfusionConfig | MelWindowConfig
    training: TrainingConfig
    augment: AugmentConfig | None = None
    members: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()


def settings_that_matter(config: Any) -> dict[str, Any]:
    """A configuration's values that are not its defaults, nested ones too.

    What identifies a stored training: a setting added later, at its default, does not make it another one.
    """
    chosen = {}
    for field in fields(config):
        value = getattr(config, field.name)
        if hasattr(value, "__dataclass_fields__"):
            chosen[field.name] = settings_that_matter(value)
        elif field.default is MISSING or value != field.default:
            chosen[field.name] = value
    return chosen
