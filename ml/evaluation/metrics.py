"""Figures of a classifier. Arrays have shape (n,); labels are 1 abnormal, 0 normal; NaN where a figure is undefined."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int_]

ECE_BINS = 15


def auc(labels: Labels, scores: Floats) -> float:
    """Area under the ROC curve: the chance that an abnormal recording scores above a normal one, ties half."""
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if not positives or not negatives:
        return float("nan")
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    mean_ranks = np.cumsum(counts) - (counts - 1) / 2
    rank_sum = mean_ranks[inverse][labels == 1].sum()
    return float((rank_sum - positives * (positives + 1) / 2) / (positives * negatives))


def weighted_auc(labels: Labels, scores: Floats, weights: Floats) -> Floats:
    """AUC where each recording counts `weights` times, for several sets of weights (r, n) at once; shape (r,)."""
    order = np.argsort(scores, kind="stable")
    abnormal = labels[order] == 1
    ordered = weights[:, order]
    positive, negative = ordered * abnormal, ordered * ~abnormal
    starts = np.flatnonzero(np.r_[True, np.diff(scores[order]) > 0])
    positive = np.add.reduceat(positive, starts, axis=1)
    negative = np.add.reduceat(negative, starts, axis=1)
    below = np.cumsum(negative, axis=1) - negative / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return (positive * below).sum(axis=1) / (positive.sum(axis=1) * negative.sum(axis=1))


def auc_by_group(groups: NDArray[np.str_], labels: Labels, scores: Floats) -> dict[str, float]:
    """AUC within each group, by name."""
    return {str(name): auc(labels[groups == name], scores[groups == name]) for name in np.unique(groups)}


def macro(values: dict[str, float], names: Sequence[str]) -> float:
    """Mean over `names`; NaN when one is missing or undefined."""
    return float(np.mean([values.get(name, float("nan")) for name in names]))


def rates(labels: Labels, called_abnormal: NDArray[np.bool_]) -> dict[str, float]:
    """Sensitivity, specificity and their mean MAcc."""
    with np.errstate(invalid="ignore"):
        sensitivity = _share(called_abnormal[labels == 1])
        specificity = _share(~called_abnormal[labels == 0])
    return {"se": sensitivity, "sp": specificity, "macc": (sensitivity + specificity) / 2}


def challenge_score(labels: Labels, usable: NDArray[np.bool_], calls: NDArray[np.str_]) -> dict[str, float]:
    """The 2016 challenge's modified Se, Sp and MAcc for calls "normal", "abnormal" or "unsure".

    Unsure is right on a recording rated noisy and wrong on a usable one, weighted by how many are which
    (Liu et al. 2016, Physiol. Meas. 37:2181, section 5).
    """
    result = {}
    for name, label, word in (("se", 1, "abnormal"), ("sp", 0, "normal")):
        own = labels == label
        clean, noisy = own & usable, own & ~usable
        score, total = 0.0, own.sum()
        for part, right in ((clean, calls == word), (noisy, (calls == word) | (calls == "unsure"))):
            if part.any():
                score += part.sum() / total * right[part].mean()
        result[name] = float(score) if total else float("nan")
    result["macc"] = (result["se"] + result["sp"]) / 2
    return result


def brier(labels: Labels, probabilities: Floats) -> float:
    """Mean squared distance of the probability from what was the case."""
    return float(np.mean((probabilities - labels) ** 2)) if len(labels) else float("nan")


def expected_calibration_error(labels: Labels, probabilities: Floats, bins: int = ECE_BINS) -> float:
    """Mean distance of the share of abnormal from the mean probability, over `bins` of equal width."""
    if not len(labels):
        return float("nan")
    place = np.minimum((probabilities * bins).astype(int), bins - 1)
    counts = np.bincount(place, minlength=bins)
    gaps = np.abs(np.bincount(place, probabilities, bins) - np.bincount(place, labels, bins))
    return float(gaps[counts > 0].sum() / len(labels))


def reliability(labels: Labels, probabilities: Floats, bins: int = ECE_BINS) -> list[dict[str, float]]:
    """For each bin that is not empty: mean probability, share of abnormal, count."""
    place = np.minimum((probabilities * bins).astype(int), bins - 1)
    return [
        {
            "probability": float(probabilities[place == own].mean()),
            "abnormal": float(labels[place == own].mean()),
            "n": int((place == own).sum()),
        }
        for own in np.unique(place)
    ]


def roc(labels: Labels, scores: Floats) -> tuple[Floats, Floats]:
    """False and true positive rates at every threshold, from (0, 0) to (1, 1)."""
    order = np.argsort(-scores, kind="stable")
    last_of_tie = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    hits = np.cumsum(labels[order])[last_of_tie]
    misses = 1 + last_of_tie - hits
    return (
        np.concatenate(([0.0], misses / max(1, misses[-1]))),
        np.concatenate(([0.0], hits / max(1, hits[-1]))),
    )


def risk_coverage(
    labels: Labels, called_abnormal: NDArray[np.bool_], confidence: Floats
) -> tuple[Floats, Floats]:
    """Coverage and error rate when only the most confident share is answered."""
    order = np.argsort(-confidence, kind="stable")
    wrong = (called_abnormal != (labels == 1))[order]
    answered = np.arange(1, len(labels) + 1)
    return answered / len(labels), np.cumsum(wrong) / answered


def predictive_values(se: float, sp: float, prevalence: float) -> tuple[float, float]:
    """PPV and NPV of a test with `se` and `sp` where `prevalence` of the tested have the condition (Bayes)."""
    positive = se * prevalence + (1 - sp) * (1 - prevalence)
    negative = sp * (1 - prevalence) + (1 - se) * prevalence
    ppv = se * prevalence / positive if positive > 0 else float("nan")
    npv = sp * (1 - prevalence) / negative if negative > 0 else float("nan")
    return ppv, npv


def _share(values: NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else float("nan")
