"""Judges the quality index on subjects, databases and families of sounds that the model judged has not seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ml.data.not_heart_events import CHANGERS, FAMILIES
from ml.training.quality_models import COLOUR, Fitted, fit
from ml.training.quality_rows import SYNTHETIC, Rows

N_FOLDS = 5
# Of usable abnormal recordings of subjects never seen, the share that may be turned away as not clear.
CLEAR_REJECTION = 0.025
# Of usable recordings of a database never seen, the share that may be taken for no heart; all databases count alike.
HEART_REJECTION = 0.02
JUDGED_ON = ("b", "e")  # elsewhere noisy recordings are few, or all abnormal
REAL_KINDS = ("whole", "cut", "changed")
NO_HEART_KINDS = ("made", "taken apart")
FITTED_KINDS = (*REAL_KINDS, *NO_HEART_KINDS)
# A heart shuffled within two seconds is too much like an irregular one: taught, it cost real ones on unseen devices.
ONLY_JUDGED = ("shuffled",)
# Turning away a usable recording of an abnormal heart costs more than one of a normal heart.
ABNORMAL_WEIGHT = 1.5
# Families left out together: what resembles each other must not be taught when the other is judged.
FAMILY_GROUPS = (
    ("steady noise", "levelled", "lungs"),
    ("swelling noise", "swelling", "rubbing"),
    ("hum", "tone", "music", "digital"),
    ("speech", "crackles", "machine"),
    ("bumps", "knocks", "steps", "shuffled"),
)


@dataclass(frozen=True)
class Index:
    """Both questions: is it clear, is it a heart."""

    clear: Fitted
    heart: Fitted

    def logits(self, rows: Rows) -> np.ndarray:
        """(n, 2): clear, heart. Both must be positive for a clip to be usable."""
        return np.column_stack([self.clear.logits(rows.features), self.heart.logits(rows.features)])


def fit_clear(names: list[str], rows: Rows, seed: int) -> Fitted:
    """A database weighs as the root of its size, so that e does not speak alone."""
    taught = rows.where(np.isin(rows.kind, REAL_KINDS))
    weight = np.zeros(len(taught))
    for name in set(taught.database):
        weight[taught.database == name] = (taught.database == name).sum() ** -0.5
    weight[taught.abnormal & taught.clear] *= ABNORMAL_WEIGHT
    columns = np.array([i for i, name in enumerate(names) if name not in COLOUR])
    return fit(taught.features, taught.clear, weight, columns, seed)


def fit_heart(rows: Rows, seed: int) -> Fitted:
    """Pieces of usable recordings, as they are and changed, against what is no heart; both sides weigh the same."""
    other = np.isin(rows.kind, NO_HEART_KINDS)
    other &= ~np.isin(rows.family, ONLY_JUDGED)
    taught = rows.where(other | (rows.clear & np.isin(rows.kind, ("cut", "changed"))))
    heart = ~np.isin(taught.kind, NO_HEART_KINDS)
    weight = np.where(heart, 1 / heart.sum(), 1 / (~heart).sum())
    return fit(taught.features, heart, weight, np.arange(rows.features.shape[1]), seed)


def judge(names: list[str], rows: Rows, seed: int) -> tuple[Index, dict[str, Any]]:
    """The index fitted on everything, and the figures of models that had not seen what they were judged on."""
    by_subject = _by_subject(names, rows, seed)
    by_database = _by_database(names, rows, seed)
    by_family = _by_family(rows, by_subject, seed)
    offsets = _offsets(rows, by_subject[:, 0], by_database[:, 1])
    by_subject, by_database, by_family = by_subject - offsets, by_database - offsets, by_family - offsets
    taught = rows.where(np.isin(rows.kind, FITTED_KINDS))
    index = Index(
        replace(fit_clear(names, taught, seed), offset=offsets[0]),
        replace(fit_heart(taught, seed), offset=offsets[1]),
    )
    figures = {
        "clear": {
            "offset": offsets[0],
            "unseen_subjects": _clear_figures(rows, by_subject),
            "unseen_database": _clear_figures(rows, by_database),
        },
        "heart": {
            "offset": offsets[1],
            "false_rejection": _turned_away(rows, by_subject[:, 1]),
            "false_rejection_unseen_database": _turned_away(rows, by_database[:, 1]),
            "false_acceptance": _accepted(rows, by_subject),
            "false_acceptance_unseen_family": _accepted(rows, by_family),
        },
        "stress": {
            "unseen_subjects": _stress_figures(rows, by_subject),
            "unseen_database": _stress_figures(rows, by_database),
        },
    }
    return index, figures


def _by_subject(names: list[str], rows: Rows, seed: int) -> np.ndarray:
    """Both logits of every clip (n, 2) by models that did not know its subject."""
    logits, fold = np.empty((len(rows), 2)), _folds(rows, seed)
    taught = np.isin(rows.kind, FITTED_KINDS)
    for k in range(N_FOLDS):
        known = rows.where(taught & (fold != k))
        index = Index(fit_clear(names, known, seed), fit_heart(known, seed))
        logits[fold == k] = index.logits(rows.where(fold == k))
    return logits


def _offsets(rows: Rows, clear: np.ndarray, heart: np.ndarray) -> tuple[float, float]:
    """Where either question's held-out logits (n,) turn away the shares they may."""
    usable = (rows.kind == "whole") & rows.clear
    databases = sorted(set(rows.database[usable]))

    def turned_away(offset: float) -> float:
        return float(
            np.mean([(heart[usable & (rows.database == name)] < offset).mean() for name in databases])
        )

    fitting = [offset for offset in np.sort(heart[usable]) if turned_away(offset) <= HEART_REJECTION]
    return float(np.quantile(clear[usable & rows.abnormal], CLEAR_REJECTION)), float(max(fitting))


def _folds(rows: Rows, seed: int) -> np.ndarray:
    """Fold of each clip: all of a subject's in one, synthesised ones dealt out in turn."""
    from sklearn.model_selection import StratifiedGroupKFold

    whole = rows.where(rows.kind == "whole")
    strata = np.char.add(whole.database, whole.clear.astype(int).astype(str))
    splitter = StratifiedGroupKFold(N_FOLDS, shuffle=True, random_state=seed)
    of_subject: dict[str, int] = {}
    for k, (_, test) in enumerate(splitter.split(whole.features, strata, whole.subject)):
        of_subject |= dict.fromkeys(whole.subject[test], k)
    return np.array([of_subject.get(subject, i % N_FOLDS) for i, subject in enumerate(rows.subject)])


def _by_database(names: list[str], rows: Rows, seed: int) -> np.ndarray:
    """Both logits (n, 2) by models that did not know the clip's database; NaN for synthesised clips."""
    logits = np.full((len(rows), 2), np.nan)
    taught = np.isin(rows.kind, FITTED_KINDS)
    for name in sorted(set(rows.database) - {SYNTHETIC}):
        known = rows.where(taught & (rows.database != name))
        index = Index(fit_clear(names, known, seed), fit_heart(known, seed))
        logits[rows.database == name] = index.logits(rows.where(rows.database == name))
    return logits


def _by_family(rows: Rows, by_subject: np.ndarray, seed: int) -> np.ndarray:
    """Logits (n, 2) of what is no heart: clear as by subject, heart by a model taught none of its family group."""
    logits = by_subject.copy()
    taught = np.isin(rows.kind, FITTED_KINDS)
    for group in FAMILY_GROUPS:
        unseen = np.isin(rows.family, group)
        heart = fit_heart(rows.where(taught & ~unseen), seed)
        logits[unseen, 1] = heart.logits(rows.features[unseen])
    return logits


def _clear_figures(rows: Rows, logits: np.ndarray) -> dict[str, Any]:
    """AUC of the clear model on whole recordings; what the index as a whole turns away."""
    from sklearn.metrics import roc_auc_score

    whole = rows.kind == "whole"
    rejected = logits.min(axis=1) < 0
    figures: dict[str, Any] = {}
    for name in (*sorted(set(rows.database) - {SYNTHETIC}), "all"):
        here = whole if name == "all" else whole & (rows.database == name)
        figures[name] = {
            "n_noisy": int((here & ~rows.clear).sum()),
            "n_usable": int((here & rows.clear).sum()),
            "usable_abnormal_rejected": _share(rejected, here & rows.clear & rows.abnormal),
            "usable_normal_rejected": _share(rejected, here & rows.clear & ~rows.abnormal),
        }
        if name in (*JUDGED_ON, "all"):
            figures[name]["auc"] = _round(roc_auc_score(rows.clear[here], logits[here, 0]))
            figures[name]["noisy_rejected"] = _share(rejected, here & ~rows.clear)
    return figures


def _turned_away(rows: Rows, heart: np.ndarray) -> dict[str, float | None]:
    """Share of usable recordings, and of pieces and changed pieces of them, taken for no heart."""
    usable = rows.clear & np.isin(rows.kind, REAL_KINDS)
    databases = sorted(set(rows.database) - {SYNTHETIC})
    return {
        **{kind: _share(heart < 0, usable & (rows.kind == kind)) for kind in REAL_KINDS},
        **{name: _share(heart < 0, usable & (rows.database == name)) for name in databases},
    }


def _accepted(rows: Rows, logits: np.ndarray) -> dict[str, dict[str, float | None]]:
    """Share of other sounds taken for a heart by the heart model alone, and for a usable one by the whole index."""
    other = np.isin(rows.kind, NO_HEART_KINDS)
    among = {"all": other, "made": rows.kind == "made"} | {
        family: rows.family == family for family in (*FAMILIES, *CHANGERS)
    }
    return {
        name: {
            "heart_model": _share(logits[:, 1] >= 0, chosen),
            "index": _share(logits.min(axis=1) >= 0, chosen),
        }
        for name, chosen in among.items()
    }


def _stress_figures(rows: Rows, logits: np.ndarray) -> dict[str, Any]:
    """Share of changed usable recordings turned away, as not clear and as no heart, by change and by label."""
    changes = {kind: rows.kind == kind for kind in sorted(set(rows.kind) - {*FITTED_KINDS, "noised"})}
    changes["noise far below"] = (rows.kind == "noised") & rows.clear
    changes["drowned in noise"] = (rows.kind == "noised") & ~rows.clear
    figures = {}
    for name, here in changes.items():
        figures[name] = {
            "n": int(here.sum()),
            "not_clear": _share(logits[:, 0] < 0, here),
            "no_heart": _share(logits[:, 1] < 0, here),
            "abnormal_rejected": _share(logits.min(axis=1) < 0, here & rows.abnormal),
            "normal_rejected": _share(logits.min(axis=1) < 0, here & ~rows.abnormal),
        }
    return figures


def _share(event: np.ndarray, among: np.ndarray) -> float | None:
    return _round(float(event[among].mean())) if among.any() else None


def _round(value: float) -> float:
    return round(float(value), 4)
