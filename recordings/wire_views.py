"""Rows as they look on the wire."""

from __future__ import annotations

from recordings import protocol as wire
from recordings.models import Consent, Recording, RecordingSession
from recordings.take_ledger import MAX_TAKE_S


def session_view(session: RecordingSession) -> dict:
    """The session as a phone may see it: nothing that names the patient."""
    return {
        "id": str(session.pk),
        "clinic": session.clinic.name,
        "target_s": session.target_s,
        "settle_s": session.settle_s,
        "max_s": MAX_TAKE_S,
        "site": session.site,
        "posture": session.posture,
        "retention_days": session.clinic.retention_days,
        "patient_is_child": session.patient.is_child,
    }


def consent_view(consent: Consent | None) -> dict | None:
    if consent is None:
        return None
    return {
        "id": str(consent.pk),
        "giver": consent.giver,
        "wording_version": consent.wording_version,
        "research": consent.for_research,
    }


def settings_message(session: RecordingSession) -> wire.SettingsChanged:
    return wire.SettingsChanged(
        site=session.site, posture=session.posture, target_s=session.target_s, settle_s=session.settle_s
    )


def stored_message(recording: Recording, sha256: str) -> wire.Stored:
    """`sha256` is of the bytes that arrived, gaps left out."""
    return wire.Stored(
        recording=recording.pk,
        samples=recording.n_samples,
        gaps=recording.gaps,
        sha256=sha256,
        match=bool(recording.hash_matches),
    )


def take_stored_message(recording: Recording) -> wire.TakeStored:
    return wire.TakeStored(
        recording=recording.pk,
        duration_s=recording.duration_s,
        gaps=recording.gaps,
        match=recording.hash_matches,
        partial=recording.status == Recording.Status.PARTIAL,
    )
