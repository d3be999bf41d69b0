"""A phone's recording in the database: its start, and its filing when the sound is all there."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from accounts.services.audit import record_event
from recordings import announcements, hooks
from recordings import protocol as wire
from recordings.assembly import assemble, without_gaps
from recordings.audio_store import pcm_sha256, read_pcm, store_audio
from recordings.durability import durable_transaction
from recordings.models import Posture, Recording, RecordingSession, Site
from recordings.services.phones import Connection, OpenTake, consent_in_force
from recordings.spool import get_spool
from recordings.turns import one_at_a_time
from recordings.wire_views import stored_message


def begin_take(*, connection: Connection, start: wire.Start) -> OpenTake:
    """Open a recording, or find it open already, and make room for it in the journal.

    Raises SpoolError, `session.ended`, `consent.required`, `recording.taken`, `recording.site`.
    """
    if start.site not in ("", *Site.values) or start.posture not in ("", *Posture.values):
        raise HeartSiteError("recording.site", "This place or posture is not known here. Reload this page.")
    known = Recording.objects.filter(pk=start.recording).first()
    if known is not None:
        return _reopen(known, connection)
    spool = get_spool()
    spool.begin(start.recording)
    try:
        recording = _create(connection, start)
    except Exception:
        spool.filed(start.recording)
        raise
    announcements.take_began(recording)
    return OpenTake.of(recording)


def finish_take(*, recording_id: UUID, session_id: UUID, by: Actor) -> wire.Stored:
    """File a recording whose sound is in the journal: FLAC, hashes, row. Filing twice gives the same answer.

    What the phone said at its stop is in the journal; without it the recording is filed as cut short. The journal
    keeps the sound until row and file are on disk, so that whatever fails here can be done again.
    Raises `recording.unknown`, `recording.empty`, OSError and database errors.
    """
    # The phone's stop and the sweep may want to file the same recording.
    with one_at_a_time(recording_id):
        recording = (
            Recording.objects.select_related("session", "clinic")
            .filter(pk=recording_id, session_id=session_id)
            .first()
        )
        if recording is None:
            raise HeartSiteError(
                "recording.unknown", "The clinic's computer does not know this recording.", 404
            )
        state = get_spool().state(recording_id)
        if recording.is_stored:
            if state is not None:
                get_spool().filed(recording_id)
            return stored_message(recording, _received_sha256(recording))
        if state is None or not state.marks:
            raise _empty(recording, by)
        return _file(recording, state.stop, by)


def _file(recording: Recording, stop: dict | None, by: Actor) -> wire.Stored:
    spool = get_spool()
    sound = assemble(spool.frames(recording.pk))
    audio = store_audio(recording, sound.pcm, rate_hz=wire.SAMPLE_RATE_HZ)
    recording.status = Recording.Status.STORED if stop else Recording.Status.PARTIAL
    recording.audio = audio.name
    recording.audio_bytes = audio.n_bytes
    recording.pcm_sha256 = audio.pcm_sha256
    recording.client_sha256 = stop["sha256"] if stop else ""
    recording.hash_matches = stop["sha256"] == sound.received_sha256 if stop else None
    recording.sample_rate_hz = wire.SAMPLE_RATE_HZ
    recording.n_samples = len(sound.pcm)
    recording.gaps = sound.gaps
    recording.stored_at = timezone.now()
    details = {"samples": recording.n_samples, "gaps": len(sound.gaps), "match": recording.hash_matches}
    with durable_transaction():
        recording.save()
        record_event(by=by, action="recording.stored", obj=recording, details=details)
        # Sound that is stored stays stored, whatever becomes of its analysis.
        transaction.on_commit(lambda: _tell(recording), robust=True)
    spool.filed(recording.pk)
    return stored_message(recording, sound.received_sha256)


def _tell(recording: Recording) -> None:
    announcements.take_stored(recording)
    hooks.stored(recording)


def _empty(recording: Recording, by: Actor) -> HeartSiteError:
    """No sound ever came: mark the row, once, and say so."""
    message = "No sound arrived. Check that the phone may use its microphone, then record again."
    waiting = Recording.objects.filter(pk=recording.pk, status=Recording.Status.RECEIVING)
    with transaction.atomic():
        if waiting.update(status=Recording.Status.FAILED, failure_code="recording.empty"):
            record_event(by=by, action="recording.failed", obj=recording, details={"code": "recording.empty"})
            transaction.on_commit(lambda: announcements.take_failed(recording, "recording.empty", message))
    if get_spool().state(recording.pk) is not None:
        get_spool().filed(recording.pk)
    return HeartSiteError("recording.empty", message, 422)


def _reopen(recording: Recording, connection: Connection) -> OpenTake:
    """A repeated start: the phone did not hear the first answer."""
    state = get_spool().state(recording.pk)
    is_ours = recording.pairing_id == connection.pairing.pk
    if not is_ours or state is None or recording.status != Recording.Status.RECEIVING:
        raise HeartSiteError("recording.taken", "This recording exists already. Record again.", 409)
    return OpenTake.of(recording, state.marks)


def _create(connection: Connection, start: wire.Start) -> Recording:
    now = timezone.now()
    with durable_transaction():
        session = (
            RecordingSession.objects.select_for_update(of=("self",))
            .select_related("clinic")
            .get(pk=connection.session_id)
        )
        if not session.is_open:
            raise HeartSiteError("session.ended", "The clinic has ended this session.", 403)
        consent = consent_in_force(session)
        if consent is None:
            raise HeartSiteError("consent.required", "Consent comes before a recording.", 403)
        last_take = session.recordings.aggregate(last=Max("take"))["last"] or 0
        recording = Recording.objects.create(
            id=start.recording,
            clinic=session.clinic,
            session=session,
            consent=consent,
            pairing=connection.pairing,
            take=last_take + 1,
            source=Recording.Source.PHONE,
            site=start.site or session.site,
            posture=start.posture or session.posture,
            device_label=start.device_label,
            track_settings=start.track_settings,
            native_rate_hz=start.native_rate_hz,
            clock_offset_ms=_clock_offset_ms(start.client_time_ms, now.timestamp() * 1000),
            started_at=now,
        )
        details = {"take": recording.take, "native_rate_hz": recording.native_rate_hz}
        record_event(by=connection.by, action="recording.started", obj=recording, details=details)
    return recording


def _received_sha256(recording: Recording) -> str:
    if recording.hash_matches:
        return recording.client_sha256
    return pcm_sha256(without_gaps(read_pcm(recording), recording.gaps))


def _clock_offset_ms(client_ms: float | None, server_ms: float) -> int | None:
    """Phone's clock minus ours, as far as the column reaches."""
    if client_ms is None:
        return None
    return max(-(2**31), min(2**31 - 1, round(client_ms - server_ms)))
