"""The phone's side of the protocol as a state machine: messages in, actions out.

It knows no socket, disk, database or clock (the time is passed in). A transport feeds it what arrives,
carries out the actions it returns in their order, and tells it what came of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from uuid import UUID

from recordings import protocol as wire
from recordings.byte_rate import TokenBucket
from recordings.fields import ProtocolError
from recordings.protocol import CloseCode, Frame
from recordings.take_ledger import Progress, TakeLedger

# A control message costs a little of the byte rate even when it is short: a flood of pings is a flood.
MIN_CONTROL_COST_BYTES = 512


@dataclass(frozen=True)
class Limits:
    credit: int = 50
    # 16 times what a phone makes, so that a reconnecting one catches up quickly.
    max_bytes_per_s: int = 256_000
    burst_s: float = 2.0
    hello_timeout_s: float = 10.0


@dataclass(frozen=True)
class Grant:
    """What a credential opens: facts for `welcome`."""

    epoch: int
    session: dict
    consent: dict | None
    consent_wording: dict
    takes: int
    credential: str | None = field(default=None, repr=False)
    resume: TakeLedger | None = None


@dataclass(frozen=True)
class Send:
    message: wire._Message


@dataclass(frozen=True)
class Close:
    code: CloseCode


@dataclass(frozen=True)
class Authorise:
    hello: wire.Hello


@dataclass(frozen=True)
class SaveConsent:
    consent: wire.GiveConsent


@dataclass(frozen=True)
class BeginTake:
    start: wire.Start


@dataclass(frozen=True)
class AbandonTake:
    """The phone turned to another recording: close this one as it stands."""

    recording: UUID


@dataclass(frozen=True)
class Append:
    """Write to the journal; when it is on disk, call `CaptureMachine.committed`."""

    recording: UUID
    frame: Frame


@dataclass(frozen=True)
class Relay:
    recording: UUID
    frame: Frame


@dataclass(frozen=True)
class FinishTake:
    stop: wire.Stop


Action = Send | Close | Authorise | SaveConsent | BeginTake | AbandonTake | Append | Relay | FinishTake


class Phase(Enum):
    HELLO = "waiting for hello"
    AUTHORISING = "looking the credential up"
    READY = "between recordings"
    CONSENTING = "saving the consent"
    STARTING = "opening a recording"
    RECORDING = "receiving frames"
    FINISHING = "filing a recording"
    CLOSED = "closed"


class CaptureMachine:
    """One phone's connection."""

    def __init__(self, *, now_s: float, limits: Limits = Limits()) -> None:
        self.limits = limits
        self.phase = Phase.HELLO
        self.epoch: int | None = None
        self.has_consent = False
        self.ledger: TakeLedger | None = None
        self._acked_seq = -1
        self._finishing: UUID | None = None
        self._opened_at_s = now_s
        self._bucket = TokenBucket(
            bytes_per_s=limits.max_bytes_per_s,
            burst_bytes=limits.max_bytes_per_s * limits.burst_s,
            now_s=now_s,
        )

    @property
    def recording(self) -> UUID | None:
        """The recording that is open."""
        return self.ledger.recording if self.ledger else None

    # What arrives.

    def admit(self, n_bytes: int, *, is_text: bool, now_s: float) -> list[Action]:
        """Weigh one message before it is read. An empty list lets it in."""
        cost = max(n_bytes, MIN_CONTROL_COST_BYTES) if is_text else n_bytes
        if n_bytes > (wire.MAX_TEXT_BYTES if is_text else wire.MAX_FRAME_BYTES):
            return self._break("protocol.too_long", "The message is too long.", CloseCode.TOO_BIG)
        if not self._bucket.take(cost, now_s):
            return self._break(
                "protocol.rate", "Too much data at once. Reload the page.", CloseCode.TRY_LATER
            )
        return []

    def receive_text(self, text: str) -> list[Action]:
        if self.phase is Phase.CLOSED:
            return []
        try:
            return self._control(wire.parse_control(text))
        except ProtocolError as error:
            return self._break(error.code, error.message, error.close_code)

    def receive_frame(self, data: bytes) -> list[Action]:
        if self.phase is Phase.CLOSED:
            return []
        try:
            return self._frame(wire.parse_frame(data))
        except ProtocolError as error:
            return self._break(error.code, error.message, error.close_code)

    def tick(self, now_s: float) -> list[Action]:
        if self.phase is Phase.HELLO and now_s - self._opened_at_s >= self.limits.hello_timeout_s:
            return self._break("protocol.hello_timeout", "The phone said nothing.", CloseCode.HELLO_TIMEOUT)
        return []

    # What came of an action.

    def authorised(self, grant: Grant) -> list[Action]:
        if not self._is_in(Phase.AUTHORISING):
            return []
        self.phase = Phase.READY
        self.epoch = grant.epoch
        self.has_consent = grant.consent is not None
        resume = None
        if grant.resume is not None:
            self._open(grant.resume)
            resume = {
                "recording": grant.resume.recording,
                "next_seq": grant.resume.next_seq,
                "next_sample": grant.resume.next_sample,
            }
        welcome = wire.Welcome(
            epoch=grant.epoch,
            credential=grant.credential,
            session=grant.session,
            consent=grant.consent,
            consent_wording=grant.consent_wording,
            credit=self.limits.credit,
            max_bytes_per_s=self.limits.max_bytes_per_s,
            takes=grant.takes,
            resume=resume,
        )
        return [Send(welcome)]

    def consented(self, consent_id: UUID) -> list[Action]:
        if not self._is_in(Phase.CONSENTING):
            return []
        self._resume_phase()
        self.has_consent = True
        return [Send(wire.Consented(consent=str(consent_id)))]

    def started(self, ledger: TakeLedger) -> list[Action]:
        if not self._is_in(Phase.STARTING):
            return []
        self._open(ledger)
        return [Send(wire.Started(recording=ledger.recording))]

    def committed(self, recording: UUID, progress: Progress) -> list[Action]:
        """Samples of `recording` are on disk. Silent for a recording that is no longer open."""
        if self.phase is Phase.CLOSED or recording != self.recording or progress.seq <= self._acked_seq:
            return []
        self._acked_seq = progress.seq
        ack = wire.Ack(
            recording=recording, seq=progress.seq, samples=progress.samples, credit=self.limits.credit
        )
        return [Send(ack)]

    def stored(self, message: wire.Stored) -> list[Action]:
        if not self._is_in(Phase.FINISHING):
            return []
        self._finish()
        return [Send(message)]

    def filed_later(self, message: wire.Stored) -> list[Action]:
        """A recording whose filing had failed is stored now."""
        return [] if self.phase in (Phase.HELLO, Phase.AUTHORISING, Phase.CLOSED) else [Send(message)]

    def refused(
        self, code: str, message: str, *, fatal: bool = False, close_code: CloseCode = CloseCode.MALFORMED
    ) -> list[Action]:
        """An action failed. Not fatal: the phone is told and stands between recordings again."""
        if self.phase is Phase.CLOSED:
            return []
        if fatal or self.phase is Phase.AUTHORISING:
            return self._break(code, message, close_code)
        if self.phase is Phase.STARTING:
            self._shut()
        elif self.phase is Phase.FINISHING:
            self._finish()
        elif self.phase is Phase.CONSENTING:
            self._resume_phase()
        return [Send(wire.Error(code=code, message=message, fatal=False))]

    # What others decide.

    def settings_changed(self, message: wire.SettingsChanged) -> list[Action]:
        return [] if self.phase in (Phase.HELLO, Phase.AUTHORISING, Phase.CLOSED) else [Send(message)]

    def revoked(self, message: wire.Revoked) -> list[Action]:
        if self.phase is Phase.CLOSED:
            return []
        self.phase = Phase.CLOSED
        return [Send(message), Close(CloseCode.REVOKED)]

    def replaced(self, epoch: int) -> list[Action]:
        """A connection with `epoch` took over."""
        if self.phase is Phase.CLOSED or self.epoch is None or epoch <= self.epoch:
            return []
        return self._break(
            "protocol.replaced", "This phone, or another one, connected again.", CloseCode.REPLACED
        )

    # Rules.

    def _control(self, message: wire.Control) -> list[Action]:
        match message:
            case wire.Ping():
                if self.phase is Phase.HELLO:
                    raise _too_early()
                return [Send(wire.Pong(t=message.t))]
            case wire.Hello():
                self._require(Phase.HELLO)
                if wire.VERSION not in message.versions:
                    raise ProtocolError("protocol.version", "This page is out of date. Reload it.")
                self.phase = Phase.AUTHORISING
                return [Authorise(message)]
            case wire.GiveConsent():
                self._require(Phase.READY, Phase.RECORDING)
                if not message.agree:
                    refusal = "Without consent nothing can be recorded."
                    return [Send(wire.Error(code="consent.refused", message=refusal, fatal=False))]
                self.phase = Phase.CONSENTING
                return [SaveConsent(message)]
            case wire.Start():
                return self._start(message)
            case wire.Stop():
                # Also for a recording that is not open: the answer to an earlier stop may have been lost.
                self._require(Phase.READY, Phase.RECORDING)
                self.phase = Phase.FINISHING
                self._finishing = message.recording
                return [FinishTake(message)]

    def _start(self, message: wire.Start) -> list[Action]:
        self._require(Phase.READY, Phase.RECORDING)
        if not self.has_consent:
            raise ProtocolError("consent.required", "Consent comes before a recording.")
        if message.recording == self.recording:
            return [Send(wire.Started(recording=message.recording))]
        left: list[Action] = [AbandonTake(self.recording)] if self.recording else []
        self._shut()
        self.phase = Phase.STARTING
        return [*left, BeginTake(message)]

    def _frame(self, frame: Frame) -> list[Action]:
        if self.phase is not Phase.RECORDING or self.ledger is None:
            raise _too_early()
        if frame.epoch != self.epoch:
            raise ProtocolError(
                "protocol.epoch", "A frame belongs to another connection.", CloseCode.REPLACED
            )
        if frame.seq > self._acked_seq + self.limits.credit:
            raise ProtocolError(
                "protocol.credit", "Too much sound at once. Reload the page.", CloseCode.TRY_LATER
            )
        if not self.ledger.offer(frame):
            return []
        return [Append(self.ledger.recording, frame), Relay(self.ledger.recording, frame)]

    def _open(self, ledger: TakeLedger) -> None:
        self.phase = Phase.RECORDING
        self.ledger = ledger
        self._acked_seq = ledger.progress.seq

    def _finish(self) -> None:
        if self._finishing == self.recording:
            self._shut()
        else:
            self._resume_phase()

    def _resume_phase(self) -> None:
        self.phase = Phase.RECORDING if self.ledger else Phase.READY

    def _shut(self) -> None:
        self.phase = Phase.READY
        self.ledger = None
        self._acked_seq = -1

    def _break(self, code: str, message: str, close_code: int) -> list[Action]:
        self.phase = Phase.CLOSED
        return [Send(wire.Error(code=code, message=message, fatal=True)), Close(CloseCode(close_code))]

    def _require(self, *phases: Phase) -> None:
        if self.phase not in phases:
            raise _too_early()

    def _is_in(self, phase: Phase) -> bool:
        """Whether an answer still has somebody to go to: the connection may have closed while it was made."""
        if self.phase not in (phase, Phase.CLOSED):
            raise RuntimeError(f"expected to be {phase.value}, but am {self.phase.value}")
        return self.phase is phase


def _too_early() -> ProtocolError:
    return ProtocolError("protocol.too_early", "A message came out of turn.")
