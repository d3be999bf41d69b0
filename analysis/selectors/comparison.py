"""Reads for the comparison of a shadow model with the current one: for administrators, never as results."""

from __future__ import annotations

import uuid
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Count, QuerySet
from django.http import Http404

from accounts.permissions import Right, require
from analysis.comparison import Comparison, Pair, Said, compare
from analysis.models import Analysis, ModelVersion
from analysis.selectors.results import get_visible_result, with_latest_analysis
from analysis.visible_labels import within_scope
from recordings.models import Recording

if TYPE_CHECKING:
    from accounts.models import User

# The newest so many recordings are compared, and the newest so many of those that differ are listed.
NEWEST = 2000
LISTED = 50
_SAID = ("label", "probability_abnormal", "elapsed_ms", "operating_point")


@dataclass(frozen=True)
class Disagreement:
    """A recording that the two call differently."""

    recording: Recording
    current: Said
    candidate: Said


@dataclass(frozen=True)
class ShadowRun:
    """How far a shadow run is, and what it says beside `baseline`, the version whose results were shown."""

    version: ModelVersion
    baseline: ModelVersion | None
    baselines: tuple[tuple[ModelVersion, int], ...]
    comparison: Comparison
    disagreements: tuple[Disagreement, ...]
    n_read: int
    n_waiting: int
    failures: tuple[tuple[str, int], ...]

    @property
    def n_differ(self) -> int:
        return self.comparison.n - self.comparison.n_agree

    @property
    def newest(self) -> int:
        return NEWEST

    @property
    def n_failed(self) -> int:
        return sum(count for _, count in self.failures)

    @property
    def has_started(self) -> bool:
        return bool(self.n_read or self.n_waiting or self.n_failed)


def shadow_run_for(
    user: User, version: ModelVersion, baseline_id: uuid.UUID | None = None, *, everywhere: bool = False
) -> ShadowRun:
    """What `version` said in the shadow in the user's clinic; `everywhere`, for superusers, in all of them.

    Recordings of patients outside the models' scope are left out: whatever either says of them is no reading.
    Raises PermissionDenied to all but administrators, Http404 for a baseline that is none of this run's.
    """
    recordings = _recordings_for(user, everywhere=everywhere)
    runs = Analysis.objects.filter(model_version=version, is_shadow=True, recording__in=recordings)
    by_baseline = _pairs(runs, version)
    versions = ModelVersion.objects.in_bulk(by_baseline)
    baselines = sorted(
        ((versions[pk], len(pairs)) for pk, pairs in by_baseline.items()),
        key=lambda item: (item[0].stage != ModelVersion.Stage.CURRENT, -item[1]),
    )
    if baseline_id is not None and baseline_id not in by_baseline:
        raise Http404
    baseline = versions[baseline_id] if baseline_id else next((each for each, _ in baselines), None)
    pairs = by_baseline[baseline.pk] if baseline else []
    tally = Counter(
        {
            (status, code): n
            for status, code, n in runs.order_by().values_list("status", "error_code").annotate(n=Count("pk"))
        }
    )
    pending = (Analysis.Status.QUEUED, Analysis.Status.RUNNING)
    failed = [(code, n) for (status, code), n in tally.most_common() if status == Analysis.Status.FAILED]
    return ShadowRun(
        version=version,
        baseline=baseline,
        baselines=tuple(baselines),
        comparison=compare(pairs),
        disagreements=tuple(_disagreements(None if everywhere else user, pairs)),
        n_read=sum(n for (status, _), n in tally.items() if status == Analysis.Status.DONE),
        n_waiting=sum(n for (status, _), n in tally.items() if status in pending),
        failures=tuple(failed),
    )


def baseline_asked(text: str) -> uuid.UUID | None:
    """The id in an address, if there is one. Raises Http404 for what is none."""
    try:
        return uuid.UUID(text) if text else None
    except ValueError as error:
        raise Http404 from error


def _recordings_for(user: User, *, everywhere: bool) -> QuerySet[Recording]:
    recordings = within_scope(Recording.objects.filter(deleted_at__isnull=True))
    if everywhere and user.is_superuser:
        return recordings
    require(user, Right.ADMINISTER)
    return recordings.filter(clinic=user.active_clinic)


def _pairs(runs: QuerySet[Analysis], version: ModelVersion) -> dict[uuid.UUID, list[Pair]]:
    """By baseline, newest first: each recording's newest shadow reading and the shown one it ran beside.

    The two are asked for together, so the shown one is the newest that was asked for no later.
    """
    shadows: dict[uuid.UUID, tuple[datetime, Said]] = {}
    done = runs.filter(status=Analysis.Status.DONE).order_by("-created_at")
    for row in done.values_list("recording_id", "created_at", *_SAID)[:NEWEST]:
        shadows.setdefault(row[0], (row[1], Said(*row[2:])))
    shown: dict[uuid.UUID, list[tuple[datetime, uuid.UUID, Said]]] = defaultdict(list)
    results = Analysis.objects.filter(
        is_shadow=False, status=Analysis.Status.DONE, recording__in=list(shadows)
    ).exclude(model_version=version)
    for row in results.order_by("created_at").values_list(
        "recording_id", "created_at", "model_version_id", *_SAID
    ):
        shown[row[0]].append((row[1], row[2], Said(*row[3:])))
    pairs: dict[uuid.UUID, list[Pair]] = defaultdict(list)
    for recording_id, (asked_at, candidate) in shadows.items():
        earlier = shown.get(recording_id, [])
        place = bisect_right([at for at, _, _ in earlier], asked_at)
        if place:
            _, baseline_id, current = earlier[place - 1]
            pairs[baseline_id].append(Pair(recording_id, current, candidate))
    return dict(pairs)


def _disagreements(user: User | None, pairs: Iterable[Pair]) -> Iterable[Disagreement]:
    """For a user only recordings whose result they may see: a list of differences must not unblind a reading."""
    listed = [pair for pair in pairs if not pair.agree][:LISTED]
    found = with_latest_analysis(
        Recording.objects.filter(pk__in=[pair.recording_id for pair in listed]).select_related(
            "clinic", "session__patient"
        )
    )
    by_id = {recording.pk: recording for recording in found}
    for pair in listed:
        recording = by_id[pair.recording_id]
        if user is not None:
            result = get_visible_result(user, recording)
            if result is None or not result.is_done:
                continue
        yield Disagreement(recording, pair.current, pair.candidate)
