"""What phones and desktops of a session are told as it happens. Each is one message of docs/protocol.md."""

from __future__ import annotations

from uuid import UUID

from recordings import protocol as wire
from recordings.groups import capture_group, monitor_group, notify
from recordings.models import Recording, RecordingSession
from recordings.wire_views import settings_message, stored_message, take_stored_message


def settings_changed(session: RecordingSession) -> None:
    """The clinician changed what the next take will be."""
    message = settings_message(session).as_dict()
    notify(capture_group(session.pk), message)
    notify(monitor_group(session.pk), message)


def phones_revoked(session_id: UUID, *, reason: str = "revoked") -> None:
    """Close the phones of a session: it "ended", or the clinician "revoked" them."""
    notify(capture_group(session_id), wire.Revoked(reason=reason).as_dict())


def take_began(recording: Recording) -> None:
    message = wire.TakeBegan(
        recording=recording.pk,
        number=recording.take,
        site=recording.site,
        posture=recording.posture,
        native_rate_hz=recording.native_rate_hz,
        device=recording.device_label,
    )
    notify(monitor_group(recording.session_id), message.as_dict())


def take_stored(recording: Recording) -> None:
    notify(monitor_group(recording.session_id), take_stored_message(recording).as_dict())


def take_filed_later(recording: Recording, sha256: str) -> None:
    """To a phone that was told its recording is safe but not filed yet."""
    notify(capture_group(recording.session_id), stored_message(recording, sha256).as_dict())


def take_failed(recording: Recording, code: str, message: str) -> None:
    failed = wire.TakeFailed(recording=recording.pk, code=code, message=message)
    notify(monitor_group(recording.session_id), failed.as_dict())
