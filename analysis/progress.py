"""Tells the desktop how far an analysis is. Never the result: the page asks for that, and is checked."""

from __future__ import annotations

from analysis.models import Analysis
from recordings import protocol as wire
from recordings.groups import monitor_group, notify


def publish(analysis: Analysis, *, stage: str, fraction: float) -> None:
    """Send one progress message to the session's desktops. A shadow run is nobody's business."""
    if analysis.is_shadow or analysis.recording is None:
        return
    message = wire.AnalysisProgress(
        recording=analysis.recording.pk,
        analysis=analysis.pk,
        status=analysis.status,
        stage=stage,
        fraction=fraction,
    )
    notify(monitor_group(analysis.recording.session_id), message.as_dict())
