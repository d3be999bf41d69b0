"""A phone that was let into a session: its connection and its owner's consent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from django.db import transaction
from django.db.models import F

from accounts.actors import Actor
from accounts.errors import HeartSiteError
from accounts.services.audit import record_event
from recordings import consent_wording
from recordings import protocol as wire
from recordings.capture_machine import Grant
from recordings.models import Consent, Pairing, Recording, RecordingSession
from recordings.services import pairing as pairings
from recordings.spool import get_spool
from recordings.take_ledger import Mark, TakeLedger
from recordings.wire_views import consent_view, session_view


@dataclass(frozen=True)
class OpenTake:
    """A recording that is being received, as far as it is on disk."""

    ledger: TakeLedger
    number: int
    device: str
    native_rate_hz: int | None

    @classmethod
    def of(cls, recording: Recording, marks: Iterable[Mark] = ()) -> Self:
        ledger = TakeLedger(recording.pk, marks=marks)
        return cls(ledger, recording.take, recording.device_label, recording.native_rate_hz)


@dataclass(frozen=True)
class Connection:
    """A phone that was let in."""

    session_id: UUID
    pairing: Pairing
    by: Actor
    grant: Grant
    open_take: OpenTake | None


def open_connection(*, hello: wire.Hello, address: str) -> Connection:
    """Let a phone in, as the session's newest connection. Raises `pairing.*` and `session.ended`."""
    credential = None
    if hello.credential is not None:
        pairing = pairings.authenticate(credential=hello.credential)
    else:
        redeemed = pairings.redeem(address=address, client=hello.client, token=hello.token, code=hello.code)
        pairing, credential = redeemed.pairing, redeemed.credential
    RecordingSession.objects.filter(pk=pairing.session_id).update(epoch=F("epoch") + 1)
    session = RecordingSession.objects.select_related("clinic", "patient").get(pk=pairing.session_id)
    open_take = _open_take(pairing)
    if open_take is not None:
        # A full disk is said before the welcome: a phone that was let in would come straight back, over and over.
        get_spool().begin(open_take.ledger.recording)
    grant = Grant(
        epoch=session.epoch,
        credential=credential,
        session=session_view(session),
        consent=consent_view(consent_in_force(session)),
        consent_wording=consent_wording.current(),
        takes=session.recordings.filter(deleted_at=None).count(),
        resume=open_take.ledger if open_take else None,
    )
    by = Actor.phone(pairing_id=pairing.pk, clinic=pairing.clinic, address=address or None)
    return Connection(session.pk, pairing, by, grant, open_take)


def give_consent(*, connection: Connection, consent: wire.GiveConsent) -> Consent:
    """Note what the patient, or a child's guardian, agreed to. Raises `consent.wording`, `consent.guardian`."""
    session = RecordingSession.objects.select_related("clinic", "patient").get(pk=connection.session_id)
    if consent.wording_version != consent_wording.VERSION:
        raise HeartSiteError(
            "consent.wording", "The words of the consent have changed. Reload this page.", 409
        )
    if session.patient.is_child and consent.giver != Consent.Giver.GUARDIAN:
        raise HeartSiteError("consent.guardian", "A parent or guardian has to agree for a child.", 403)
    with transaction.atomic():
        given = Consent.objects.create(
            clinic=session.clinic,
            patient=session.patient,
            session=session,
            pairing=connection.pairing,
            giver=consent.giver,
            wording_version=consent.wording_version,
            language=consent.language,
            for_research=consent.research,
        )
        details = {"giver": consent.giver, "wording": consent.wording_version, "research": consent.research}
        record_event(by=connection.by, action="consent.given", obj=given, details=details)
    return given


def consent_in_force(session: RecordingSession) -> Consent | None:
    """What was agreed to on the phone; a clinician's attestation is for uploads and does not count here."""
    on_the_phone = (Consent.Giver.PATIENT, Consent.Giver.GUARDIAN)
    return session.consents.filter(
        giver__in=on_the_phone, for_care=True, withdrawn_at=None, patient_id=session.patient_id
    ).first()


def _open_take(pairing: Pairing) -> OpenTake | None:
    """The recording this phone left open, as far as it is on disk."""
    spool = get_spool()
    for recording in pairing.recordings.filter(status=Recording.Status.RECEIVING).order_by("-take"):
        state = spool.state(recording.pk)
        if state is not None and state.stop is None:
            return OpenTake.of(recording, state.marks)
    return None
