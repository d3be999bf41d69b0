"""Reads, each taking the user. What a model said leaves through `get_visible_result` alone."""

from analysis.selectors.models import current_version, model_versions_for, versions_to_read_with
from analysis.selectors.results import (
    REASONS,
    VisibleResult,
    analyses_for,
    get_analysis_for,
    get_visible_result,
    visible_earlier_results,
    with_latest_analysis,
)

__all__ = [
    "REASONS",
    "VisibleResult",
    "analyses_for",
    "current_version",
    "get_analysis_for",
    "get_visible_result",
    "model_versions_for",
    "versions_to_read_with",
    "visible_earlier_results",
    "with_latest_analysis",
]
