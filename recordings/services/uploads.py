"""Sound that comes as a file: the same road as a phone's, from the point where it is filed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID, uuid4

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from accounts.permissions import Right, authorise
from accounts.services.audit import record_event
from recordings import announcements, attestation, decode, hooks
from recordings.audio_store import audio_name, store_audio
from recordings.decode import DecodedSound
from recordings.demo import DemoSample, get_demo_sample
from recordings.durability import durable_transaction
from recordings.models import Consent, Patient, Posture, Recording, RecordingSession, Site
from recordings.refusals import refuse
from recordings.services.sessions import end_session, open_session
from recordings.services.stand_ins import DEMO, stand_in_patient
from recordings.turns import one_at_a_time
from recordings.validation import HEAD_BYTES, KINDS, CheckedFile, check_file

COPY_BYTES = 1 << 18


@dataclass(frozen=True)
class _Target:
    """Where a file goes: into an open session, or into a new one of a patient, which ends with it."""

    patient: Patient
    session: RecordingSession | None

    @classmethod
    def of(cls, session: RecordingSession | None, patient: Patient | None) -> Self:
        if session is not None:
            return cls(patient=session.patient, session=session)
        if patient is None:
            raise TypeError("An upload needs a session or a patient.")
        return cls(patient=patient, session=None)


@dataclass(frozen=True)
class _Origin:
    source: str
    true_label: str = ""
    needs_consent: bool = True


def store_upload(
    *,
    file: File,
    by: Actor,
    consent_attested: bool,
    session: RecordingSession | None = None,
    patient: Patient | None = None,
    site: str = "",
    posture: str = "",
    recording_id: UUID | None = None,
) -> Recording:
    """Check, decode and file one uploaded recording; its analysis follows the commit.

    It becomes the next take of `session`, or of a session of its own for `patient`. Asking again with the
    same `recording_id` and the same bytes gives the same recording. Raises HeartSiteError with an `upload.*`
    code (recordings.refusals), and then leaves nothing behind.
    """
    target = _Target.of(session, patient)
    authorise(by=by, right=Right.RECORD, clinic=target.patient.clinic)
    if not consent_attested:
        raise refuse("upload.consent")
    origin = _Origin(Recording.Source.UPLOAD)
    return _store(target, file, by, origin, site=site, posture=posture, recording_id=recording_id)


def store_demo_sample(*, record: str, by: Actor, session: RecordingSession | None = None) -> Recording:
    """File a demo sample by its name, such as "a0308". Raises `upload.unknown_sample`.

    Somebody else's heart must never lie in a patient's record: samples go to a patient of their own, called
    DEMO, unless the demo clinic gives a session.
    """
    sample = get_demo_sample(record)
    target = _Target.of(session, None if session else stand_in_patient(by=by, who=DEMO))
    authorise(by=by, right=Right.RECORD, clinic=target.patient.clinic)
    if not (target.patient.clinic.is_demo or target.patient.identifier == DEMO.identifier):
        raise HeartSiteError("upload.demo_session", "Demo samples belong to the patient DEMO alone.", 409)
    origin = _Origin(Recording.Source.DEMO, true_label=sample.label, needs_consent=False)
    with _opened(sample) as file:
        return _store(target, file, by, origin)


@contextmanager
def _opened(sample: DemoSample) -> Iterator[File]:
    with sample.path.open("rb") as file:
        yield File(file, name=sample.file_name)


def _store(
    target: _Target,
    file: File,
    by: Actor,
    origin: _Origin,
    *,
    site: str = "",
    posture: str = "",
    recording_id: UUID | None = None,
) -> Recording:
    if site not in ("", *Site.values) or posture not in ("", *Posture.values):
        raise HeartSiteError("recording.site", "This place or posture is not known here. Reload this page.")
    checked = _check(file)
    recording = Recording(
        id=recording_id or uuid4(),
        clinic=target.patient.clinic,
        created_by=by.user,
        source=origin.source,
        true_label=origin.true_label,
        status=Recording.Status.STORED,
        site=site,
        posture=posture,
        source_sha256=_sha256(file),
        source_name=checked.name,
    )
    with one_at_a_time(recording.pk):
        return _file_once(recording, target, file=file, checked=checked, by=by, origin=origin)


def _file_once(
    recording: Recording, target: _Target, *, file: File, checked: CheckedFile, by: Actor, origin: _Origin
) -> Recording:
    if known := _known(recording, target):
        return known
    if target.session is not None and not target.session.is_open:
        raise refuse("upload.session_ended")
    file.seek(0)
    sound = decode.decode(file, size=checked.size, kind=checked.kind)
    recording.native_rate_hz = sound.source_rate_hz
    recording.sample_rate_hz = sound.rate_hz
    recording.n_samples = len(sound.pcm)
    recording.track_settings = {"file": _described(checked, sound)}
    with _files_of(recording):
        recording.source_file = _keep_original(recording, file, checked)
        audio = store_audio(recording, sound.pcm, rate_hz=sound.rate_hz)
        recording.audio, recording.audio_bytes = audio.name, audio.n_bytes
        recording.pcm_sha256 = audio.pcm_sha256
        return _file_row(recording, target, by, origin)


def _described(checked: CheckedFile, sound: DecodedSound) -> dict[str, Any]:
    return {
        "kind": checked.kind,
        "bytes": checked.size,
        "channels": sound.source_channels,
        "channel_weights": list(sound.weights),
        "gain": sound.gain,
    }


def _check(file: File) -> CheckedFile:
    file.seek(0)
    return check_file(
        name=file.name or "",
        size=file.size or 0,
        head=file.read(HEAD_BYTES),
        declared_type=getattr(file, "content_type", None) or "",
        max_bytes=settings.MAX_UPLOAD_BYTES,
    )


def _pieces(file: File) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(COPY_BYTES):
        yield piece


def _sha256(file: File) -> str:
    digest = hashlib.sha256()
    for piece in _pieces(file):
        digest.update(piece)
    return digest.hexdigest()


def _known(recording: Recording, target: _Target) -> Recording | None:
    """The same upload, filed already.

    Raises `upload.other_recording` when the number belongs to anything else.
    """
    known = Recording.objects.select_related("session__patient", "clinic").filter(pk=recording.pk).first()
    if known is None:
        return None
    is_same_place = (
        known.session_id == target.session.pk
        if target.session
        else known.session.patient_id == target.patient.pk
    )
    is_same_file = (known.source, known.source_sha256) == (recording.source, recording.source_sha256)
    if not (is_same_place and is_same_file):
        raise refuse("upload.other_recording")
    return known


def _keep_original(recording: Recording, file: File, checked: CheckedFile) -> str:
    """The bytes as they came, under a name that holds nothing of the file's own."""
    file.seek(0)
    extension = KINDS[checked.kind][1]
    name = f"uploads/{recording.clinic_id}/{recording.pk}.{extension}"
    return default_storage.save(name, file)


@contextmanager
def _files_of(recording: Recording) -> Iterator[None]:
    """Remove what was written when the row is not filed after all."""
    try:
        yield
    except BaseException:
        _discard(recording)
        raise


def _discard(recording: Recording) -> None:
    """A second request with the same number may have won the race: what its row names stays."""
    written = {str(recording.source_file), str(recording.audio) or audio_name(recording)}
    kept = Recording.objects.filter(pk=recording.pk).values_list("source_file", "audio").first() or ()
    for name in written - set(kept) - {""}:
        default_storage.delete(name)


def _file_row(recording: Recording, target: _Target, by: Actor, origin: _Origin) -> Recording:
    try:
        with durable_transaction():
            session = _session_for(target, by)
            recording.session = session
            recording.site = recording.site or session.site
            recording.posture = recording.posture or session.posture
            # A session may have been moved to the right patient since the page was opened.
            if origin.needs_consent:
                recording.consent = _attest(session, by)
            recording.take = (session.recordings.aggregate(last=Max("take"))["last"] or 0) + 1
            recording.stored_at = timezone.now()
            recording.save(force_insert=True)
            details = {"source": recording.source, "samples": recording.n_samples}
            record_event(by=by, action="recording.stored", obj=recording, details=details)
            if target.session is None:
                end_session(session=session, by=by)
            # Sound that is stored stays stored, whatever becomes of its analysis.
            transaction.on_commit(lambda: _tell(recording), robust=True)
    except IntegrityError:
        known = _known(recording, target)
        if known is None:
            raise
        _discard(recording)
        return known
    return recording


def _session_for(target: _Target, by: Actor) -> RecordingSession:
    if target.session is None:
        return open_session(patient=target.patient, by=by)
    session = RecordingSession.objects.select_for_update(of=("self",)).get(pk=target.session.pk)
    if not session.is_open:
        raise refuse("upload.session_ended")
    return session


def _attest(session: RecordingSession, by: Actor) -> Consent:
    consent = Consent.objects.create(
        clinic_id=session.clinic_id,
        patient_id=session.patient_id,
        session=session,
        giver=Consent.Giver.ATTESTED,
        attested_by=by.user,
        wording_version=attestation.VERSION,
        language=attestation.LANGUAGE,
    )
    record_event(by=by, action="consent.attested", obj=consent)
    return consent


def _tell(recording: Recording) -> None:
    announcements.take_stored(recording)
    hooks.stored(recording)
