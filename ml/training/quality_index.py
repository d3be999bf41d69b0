"""Fits and judges the signal-quality index: `python -m ml.training.quality_index --data DIR`.

Both models are judged by subject-wise folds and by leaving databases out before they are refitted on
everything. What REFERENCE-SQI calls noisy is judged on b and e: elsewhere noisy recordings are few, or all
abnormal.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ml.data.not_heart import MAKERS
from ml.dsp.cleaning import remove_offset, remove_spikes
from ml.dsp.io import load_audio
from ml.dsp.quality import PARAMETERS_FILE
from ml.dsp.quality_features import RATE_HZ, quality_features

# Colour belongs to the device, so what asks "is it clear" must not look at it; what asks "is it a heart" may,
# because its training recordings are recoloured at random.
COLOUR = (
    "share_23",
    "share_60",
    "share_120",
    "share_250",
    "share_500",
    "centroid",
    "roughness",
    "lines",
    "flatness",
)
LIMIT_SD = 3.0
REGULARISATION = 0.05
N_TREES, DEPTH, SHRINKAGE = 120, 3, 0.1
CROP_S = (3.0, 16.0)
CLIPS_PER_MAKER = 250
N_FOLDS = 5
# The share of real usable recordings that the heartbeat model may turn away on subjects it has not seen.
FALSE_REJECTION = 0.004
JUDGED_ON = ("b", "e")


@dataclass(frozen=True)
class Rows:
    """Features of n clips, shape (n, n_features), and what is known of each."""

    features: np.ndarray
    database: np.ndarray
    subject: np.ndarray
    abnormal: np.ndarray
    clear: np.ndarray
    cropped: np.ndarray


def main() -> None:
    """Fit, judge, print and store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with subjects.csv and training-a..f")
    parser.add_argument("--out", type=Path, default=PARAMETERS_FILE)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    names, real, recoloured = read_recordings(arguments.data, rng)
    synthetic, families = synthesise(names, rng)
    clear_columns = np.array([i for i, name in enumerate(names) if name not in COLOUR])
    judged = {
        "clear": judge_clear(real, clear_columns, arguments.seed),
        "heart": judge_heart(recoloured, synthetic, families, arguments.seed),
    }
    clear = fit_clear(real.features[:, clear_columns], real.clear, real.database)
    heart = fit_heart(recoloured.features, synthetic, arguments.seed)
    stored = {
        "clear": {"features": [names[i] for i in clear_columns], **export_clear(clear)},
        "heart": {"features": names, **export_heart(heart, judged["heart"]["offset"])},
        "judged": judged,
        "provenance": {
            "data": "PhysioNet/CinC 2016 training-a..f, REFERENCE-SQI",
            "n_recordings": int((~real.cropped).sum()),
            "n_subjects": len(set(real.subject)),
            "seed": arguments.seed,
            "code_version": _code_version(),
        },
    }
    arguments.out.write_text(json.dumps(stored, separators=(",", ":")) + "\n", encoding="utf-8")
    print(json.dumps(judged, indent=2))
    print(f"wrote {arguments.out} ({arguments.out.stat().st_size / 1024:.0f} KiB)")


def read_recordings(data: Path, rng: np.random.Generator) -> tuple[list[str], Rows, Rows]:
    """Feature names; rows of every recording, whole and cropped; rows of the usable ones, cropped,
    recoloured."""
    with (data / "subjects.csv").open(encoding="utf-8", newline="") as file:
        records = list(csv.DictReader(file))
    real: list[tuple[Any, ...]] = []
    recoloured: list[tuple[Any, ...]] = []
    names: list[str] = []
    for record in records:
        database = record["subset"][-1]
        x, _ = load_audio(data / f"training-{database}" / f"{record['record']}.flac")
        known = (database, record["subject_id"], record["label"] == "1", record["sqi"] == "1")
        whole = features_of(x)
        names = names or list(whole)
        real.append((list(whole.values()), *known, False))
        real.append((list(features_of(crop(rng, x)).values()), *known, True))
        if record["sqi"] == "1":
            recoloured.append((list(features_of(recolour(rng, crop(rng, x))).values()), *known, True))
            recoloured.append((list(features_of(crop(rng, x)).values()), *known, True))
    return names, _rows(real), _rows(recoloured)


def features_of(x: np.ndarray) -> dict[str, float]:
    """Features after the cleaning that every recording gets before it is read."""
    return quality_features(remove_spikes(remove_offset(np.asarray(x, dtype=np.float64)), RATE_HZ))


def crop(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """A random piece of 3 to 16 s, or all of a shorter recording."""
    n = int(rng.uniform(*CROP_S) * RATE_HZ)
    if x.size <= n:
        return x
    start = rng.integers(0, x.size - n)
    return x[start : start + n]


def recolour(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """Another device: a smooth equaliser of up to 8 dB, and sometimes a phone's high-pass."""
    spectrum = np.fft.rfft(x)
    frequency_hz = np.maximum(np.fft.rfftfreq(x.size, 1 / RATE_HZ), 1.0)
    knots_hz = np.array([1, 40, 100, 250, 600, 1000])
    gain_db = np.interp(np.log(frequency_hz), np.log(knots_hz), rng.uniform(-8, 8, knots_hz.size))
    if rng.random() < 0.4:
        gain_db -= 10 * np.log10(1 + (rng.uniform(30, 120) / frequency_hz) ** 4)
    return np.fft.irfft(spectrum * 10 ** (gain_db / 20), x.size)


def synthesise(names: list[str], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Features of sounds that are no heart, and the family of each."""
    rows, families = [], []
    for family, make in MAKERS.items():
        for _ in range(CLIPS_PER_MAKER):
            features = features_of(make(rng, int(rng.uniform(*CROP_S) * RATE_HZ), float(RATE_HZ)))
            rows.append([features[name] for name in names])
            families.append(family)
    return np.array(rows), np.array(families)


def fit_clear(features: np.ndarray, clear: np.ndarray, database: np.ndarray) -> Any:
    """Linear model of P(clear); a database weighs as the root of its size, so that e does not speak alone."""
    from sklearn.linear_model import LogisticRegression

    mean, sd = features.mean(axis=0), features.std(axis=0) + 1e-9
    weight = np.array([(database == name).sum() ** -0.5 for name in database])
    model = LogisticRegression(C=REGULARISATION, max_iter=5000)
    model.fit(_standard(features, mean, sd), clear, sample_weight=weight / weight.mean())
    return mean, sd, model


def clear_logits(fitted: Any, features: np.ndarray) -> np.ndarray:
    """Log odds of being clear."""
    mean, sd, model = fitted
    return model.decision_function(_standard(features, mean, sd))


def fit_heart(hearts: np.ndarray, others: np.ndarray, seed: int) -> Any:
    """Boosted trees that tell hearts from other sounds."""
    from sklearn.ensemble import GradientBoostingClassifier

    model = GradientBoostingClassifier(
        n_estimators=N_TREES, max_depth=DEPTH, learning_rate=SHRINKAGE, subsample=0.7, max_features=12,
        min_samples_leaf=10, random_state=seed,
    )  # fmt: skip
    return model.fit(np.vstack([hearts, others]), np.r_[np.ones(len(hearts)), np.zeros(len(others))])


def judge_clear(rows: Rows, columns: np.ndarray, seed: int) -> dict[str, Any]:
    """Figures on whole recordings of subjects, and of databases, that the model had not seen."""
    from sklearn.model_selection import StratifiedGroupKFold

    strata = np.char.add(rows.database, rows.clear.astype(int).astype(str))
    folds = StratifiedGroupKFold(N_FOLDS, shuffle=True, random_state=seed)
    by_subject = list(folds.split(rows.features, strata, rows.subject))
    by_database = [
        (np.flatnonzero(rows.database != name), np.flatnonzero(rows.database == name))
        for name in sorted(set(rows.database))
    ]
    figures = {}
    for protocol, splits in (("unseen_subjects", by_subject), ("unseen_database", by_database)):
        logits = np.empty(len(rows.features))
        for train, test in splits:
            fitted = fit_clear(rows.features[train][:, columns], rows.clear[train], rows.database[train])
            logits[test] = clear_logits(fitted, rows.features[test][:, columns])
        figures[protocol] = _clear_figures(rows, logits)
    return figures


def _clear_figures(rows: Rows, logits: np.ndarray) -> dict[str, Any]:
    from sklearn.metrics import roc_auc_score

    whole = ~rows.cropped
    rejected = logits < 0
    figures: dict[str, Any] = {}
    for name in (*JUDGED_ON, "all"):
        here = whole if name == "all" else whole & (rows.database == name)
        figures[name] = {
            "auc": _round(roc_auc_score(rows.clear[here], logits[here])),
            "n_noisy": int((here & ~rows.clear).sum()),
            "n_usable": int((here & rows.clear).sum()),
            "noisy_rejected": _share(rejected, here & ~rows.clear),
            "usable_abnormal_rejected": _share(rejected, here & rows.clear & rows.abnormal),
            "usable_normal_rejected": _share(rejected, here & rows.clear & ~rows.abnormal),
        }
    return figures


def judge_heart(hearts: Rows, others: np.ndarray, families: np.ndarray, seed: int) -> dict[str, Any]:
    """False rejection on unseen subjects, false acceptance on unseen clips and on families the model never
    met."""
    from sklearn.model_selection import GroupKFold

    heart_logits, other_logits = np.empty(len(hearts.features)), np.empty(len(others))
    other_fold = np.arange(len(others)) % N_FOLDS
    folds = GroupKFold(N_FOLDS).split(hearts.features, groups=hearts.subject)
    for fold, (train, test) in enumerate(folds):
        model = fit_heart(hearts.features[train], others[other_fold != fold], seed)
        heart_logits[test] = model.decision_function(hearts.features[test])
        other_logits[other_fold == fold] = model.decision_function(others[other_fold == fold])
    offset = float(np.quantile(heart_logits, FALSE_REJECTION))
    unseen_family = {}
    for family in sorted(set(families)):
        model = fit_heart(hearts.features, others[families != family], seed)
        logits = model.decision_function(others[families == family])
        unseen_family[family] = _round(float((logits >= offset).mean()))
    by_database = {
        name: _share(heart_logits < offset, hearts.database == name) for name in sorted(set(hearts.database))
    }
    return {
        "offset": offset,
        "false_rejection": _round(float((heart_logits < offset).mean())),
        "false_rejection_by_database": by_database,
        "false_acceptance": _round(float((other_logits >= offset).mean())),
        "false_acceptance_by_family": {
            family: _share(other_logits >= offset, families == family) for family in sorted(set(families))
        },
        "false_acceptance_unseen_family": unseen_family,
    }


def export_clear(fitted: Any) -> dict[str, Any]:
    """Plain numbers of the linear model."""
    mean, sd, model = fitted
    return {
        "mean": _rounded(mean), "sd": _rounded(sd), "limit": LIMIT_SD,
        "weights": _rounded(model.coef_[0]), "intercept": round(float(model.intercept_[0]), 6),
    }  # fmt: skip


def export_heart(model: Any, offset: float) -> dict[str, Any]:
    """Plain numbers of the trees, one row a tree; a leaf points at itself, so that all are walked equally
    deep."""
    columns: dict[str, list[list[float]]] = {
        name: [] for name in ("feature", "threshold", "left", "right", "value")
    }
    width = 2 ** (DEPTH + 1) - 1
    for (estimator,) in model.estimators_:
        tree = estimator.tree_
        own = np.arange(tree.node_count)
        leaf = tree.children_left < 0
        for name, values in (
            ("feature", np.where(leaf, 0, tree.feature)),
            ("threshold", np.where(leaf, 0.0, tree.threshold)),
            ("left", np.where(leaf, own, tree.children_left)),
            ("right", np.where(leaf, own, tree.children_right)),
            ("value", np.where(leaf, model.learning_rate * tree.value[:, 0, 0], 0.0)),
        ):
            padded = np.pad(values, (0, width - tree.node_count))
            whole = name in ("feature", "left", "right")
            columns[name].append([int(v) if whole else round(float(v), 6) for v in padded])
    prior = float(model.init_.class_prior_[1])
    return {**columns, "depth": DEPTH, "intercept": round(float(np.log(prior / (1 - prior))) - offset, 6)}


def _standard(features: np.ndarray, mean: np.ndarray, sd: np.ndarray) -> np.ndarray:
    return np.clip((features - mean) / sd, -LIMIT_SD, LIMIT_SD)


def _rows(rows: list[tuple[Any, ...]]) -> Rows:
    features, database, subject, abnormal, clear, cropped = zip(*rows, strict=True)
    return Rows(*(np.array(column) for column in (features, database, subject, abnormal, clear, cropped)))


def _share(event: np.ndarray, among: np.ndarray) -> float | None:
    return _round(float(event[among].mean())) if among.any() else None


def _round(value: float) -> float:
    return round(float(value), 4)


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(value), 6) for value in values]


def _code_version() -> str:
    result = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return result.stdout.strip() or "unknown"


if __name__ == "__main__":
    main()
