"""The rules of a phone's connection, without a socket, a disk or a clock."""

from __future__ import annotations

import json
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from recordings import capture_machine as machine
from recordings import protocol as wire
from recordings.capture_machine import CaptureMachine, Grant, Limits, Phase
from recordings.protocol import CloseCode
from recordings.take_ledger import Progress, TakeLedger

EPOCH = 7
TAKE = UUID(int=1)


def grant(**fields) -> Grant:
    facts = {"epoch": EPOCH, "session": {}, "consent": {"id": "c"}, "consent_wording": {}, "takes": 0}
    return Grant(**{**facts, **fields})


def hello(**fields) -> str:
    return json.dumps({"type": "hello", "versions": [1], "token": "t", **fields})


def start(recording: UUID = TAKE) -> str:
    return json.dumps({"type": "start", "recording": str(recording)})


def stop(recording: UUID = TAKE) -> str:
    return json.dumps(
        {"type": "stop", "recording": str(recording), "frames": 1, "samples": 1, "sha256": "0" * 64}
    )


def frame(seq: int, *, epoch: int = EPOCH, sample_index: int | None = None) -> bytes:
    index = seq * 800 if sample_index is None else sample_index
    return wire.Frame(epoch, seq, index, b"\1\0" * 800).encode()


def welcomed(**fields) -> CaptureMachine:
    capture = CaptureMachine(now_s=0.0)
    capture.receive_text(hello())
    capture.authorised(grant(**fields))
    return capture


def recording() -> CaptureMachine:
    capture = welcomed()
    capture.receive_text(start())
    capture.started(TakeLedger(TAKE))
    return capture


def closing(actions) -> tuple[str, int]:
    """The error code and close code of a refusal."""
    error, close = actions
    assert isinstance(error.message, wire.Error)
    assert error.message.fatal
    return error.message.code, int(close.code)


def test_a_recording_from_hello_to_stored():
    capture = CaptureMachine(now_s=0.0)
    assert capture.receive_text(hello()) == [machine.Authorise(wire.Hello(versions=(1,), token="t"))]
    (sent,) = capture.authorised(grant(credential="c", consent=None))
    assert (sent.message.epoch, sent.message.credential, sent.message.resume) == (EPOCH, "c", None)

    consent = {"type": "consent", "wording_version": "1", "language": "en", "giver": "patient", "agree": True}
    (save,) = capture.receive_text(json.dumps(consent))
    assert save.consent == wire.GiveConsent("1", "en", "patient", agree=True, research=False)
    assert capture.consented(UUID(int=9)) == [machine.Send(wire.Consented(str(UUID(int=9))))]

    assert capture.receive_text(start()) == [machine.BeginTake(wire.Start(recording=TAKE))]
    assert capture.started(TakeLedger(TAKE)) == [machine.Send(wire.Started(TAKE))]

    append, relay = capture.receive_frame(frame(0))
    assert (append.recording, append.frame.seq, relay.frame) == (TAKE, 0, append.frame)
    assert capture.committed(TAKE, Progress(0, 800)) == [machine.Send(wire.Ack(TAKE, 0, 800, 50))]
    assert capture.committed(TAKE, Progress(0, 800)) == []

    (finish,) = capture.receive_text(stop())
    assert finish.stop.recording == TAKE
    stored = wire.Stored(TAKE, 800, [], "0" * 64, match=True)
    assert capture.stored(stored) == [machine.Send(stored)]
    assert capture.phase is Phase.READY


@pytest.mark.parametrize("early", [start(), stop(), '{"type":"ping","t":1}'])
def test_nothing_comes_before_hello(early):
    assert closing(CaptureMachine(now_s=0.0).receive_text(early)) == ("protocol.too_early", 4400)


def test_no_frame_comes_before_start():
    assert closing(CaptureMachine(now_s=0.0).receive_frame(frame(0))) == ("protocol.too_early", 4400)
    assert closing(welcomed().receive_frame(frame(0))) == ("protocol.too_early", 4400)


def test_no_start_comes_before_consent():
    assert closing(welcomed(consent=None).receive_text(start())) == ("consent.required", 4400)


def test_a_refused_consent_leaves_the_socket_open():
    capture = welcomed(consent=None)
    consent = {
        "type": "consent",
        "wording_version": "1",
        "language": "en",
        "giver": "patient",
        "agree": False,
    }
    (sent,) = capture.receive_text(json.dumps(consent))
    assert (sent.message.code, sent.message.fatal) == ("consent.refused", False)
    assert capture.phase is Phase.READY


def test_an_unknown_version_is_refused():
    capture = CaptureMachine(now_s=0.0)
    assert closing(capture.receive_text(hello(versions=[9]))) == ("protocol.version", 4400)


def test_a_second_hello_is_out_of_turn():
    assert closing(welcomed().receive_text(hello())) == ("protocol.too_early", 4400)


def test_a_wrong_credential_closes_with_its_own_code():
    capture = CaptureMachine(now_s=0.0)
    capture.receive_text(hello())
    refusal = capture.refused("pairing.invalid", "No.", close_code=CloseCode.UNAUTHORISED)
    assert closing(refusal) == ("pairing.invalid", 4401)


def test_a_frame_of_another_epoch_is_refused():
    assert closing(recording().receive_frame(frame(0, epoch=6))) == ("protocol.epoch", 4409)


def test_a_duplicate_is_ignored():
    capture = recording()
    assert len(capture.receive_frame(frame(0))) == 2
    assert capture.receive_frame(frame(0)) == []


def test_a_conflict_closes_the_socket():
    capture = recording()
    capture.receive_frame(frame(0))
    assert closing(capture.receive_frame(frame(0, sample_index=1))) == ("frame.conflict", 4400)
    assert capture.receive_frame(frame(1)) == []


def test_credit_is_a_window_beyond_what_is_acknowledged():
    capture = recording()
    for seq in range(50):
        assert len(capture.receive_frame(frame(seq))) == 2
    capture.committed(TAKE, Progress(0, 800))
    assert len(capture.receive_frame(frame(50))) == 2
    assert closing(capture.receive_frame(frame(51))) == ("protocol.credit", 1013)


def test_a_hole_holds_the_window_back():
    capture = recording()
    capture.receive_frame(frame(1))
    assert capture.committed(TAKE, Progress(-1, 0)) == []
    assert closing(capture.receive_frame(frame(50))) == ("protocol.credit", 1013)


def test_a_phone_that_comes_back_goes_on_where_the_disk_is():
    ledger = TakeLedger(TAKE)
    for seq in range(3):
        ledger.offer(wire.parse_frame(frame(seq, epoch=3)))
    capture = CaptureMachine(now_s=0.0)
    capture.receive_text(json.dumps({"type": "hello", "versions": [1], "credential": "c"}))
    (sent,) = capture.authorised(grant(resume=ledger))
    assert sent.message.resume == {"recording": TAKE, "next_seq": 3, "next_sample": 2400}
    assert capture.receive_frame(frame(2)) == []
    assert len(capture.receive_frame(frame(3))) == 2
    assert capture.receive_text(start()) == [machine.Send(wire.Started(TAKE))]


def test_another_start_closes_the_open_recording_as_it_stands():
    other = uuid4()
    actions = recording().receive_text(start(other))
    assert actions == [machine.AbandonTake(TAKE), machine.BeginTake(wire.Start(recording=other))]


def test_a_stop_may_be_repeated_after_it_was_answered():
    capture = welcomed()
    assert capture.receive_text(stop()) == [machine.FinishTake(wire.Stop(TAKE, 1, 1, "0" * 64))]


def test_a_stop_of_an_older_recording_leaves_the_open_one_open():
    capture, older = recording(), uuid4()
    capture.receive_text(stop(older))
    capture.stored(wire.Stored(older, 1, [], "0" * 64, match=True))
    assert capture.phase is Phase.RECORDING
    assert len(capture.receive_frame(frame(0))) == 2


def test_a_failed_start_leaves_the_phone_between_recordings():
    capture = welcomed()
    capture.receive_text(start())
    (sent,) = capture.refused("spool.disk_full", "No room.")
    assert not sent.message.fatal
    assert capture.phase is Phase.READY


def test_size_and_rate_are_weighed_before_reading():
    limits = Limits(max_bytes_per_s=1000, burst_s=2.0)
    assert closing(CaptureMachine(now_s=0.0).admit(16_385, is_text=True, now_s=0.0)) == (
        "protocol.too_long",
        1009,
    )
    assert closing(CaptureMachine(now_s=0.0).admit(8021, is_text=False, now_s=0.0)) == (
        "protocol.too_long",
        1009,
    )
    capture = CaptureMachine(now_s=0.0, limits=limits)
    assert capture.admit(1000, is_text=False, now_s=0.0) == []
    assert capture.admit(1000, is_text=False, now_s=0.0) == []
    assert capture.admit(500, is_text=False, now_s=0.5) == []
    assert closing(capture.admit(1000, is_text=False, now_s=0.5)) == ("protocol.rate", 1013)


def test_short_control_messages_cost_more_than_they_weigh():
    capture = CaptureMachine(now_s=0.0, limits=Limits(max_bytes_per_s=1024, burst_s=1.0))
    assert capture.admit(1, is_text=True, now_s=0.0) == []
    assert capture.admit(1, is_text=True, now_s=0.0) == []
    assert closing(capture.admit(1, is_text=True, now_s=0.0)) == ("protocol.rate", 1013)


def test_a_silent_phone_is_closed_and_a_talking_one_is_not():
    assert CaptureMachine(now_s=0.0).tick(9.9) == []
    assert closing(CaptureMachine(now_s=0.0).tick(10.0)) == ("protocol.hello_timeout", 4408)
    assert welcomed().tick(100.0) == []


def test_a_newer_connection_replaces_an_older_one_only():
    capture = welcomed()
    assert capture.replaced(EPOCH) == []
    assert closing(capture.replaced(EPOCH + 1)) == ("protocol.replaced", 4409)


def test_revoking_says_so_and_closes():
    said = wire.Revoked(reason="ended")
    assert welcomed().revoked(said) == [machine.Send(said), machine.Close(CloseCode.REVOKED)]


def test_answers_that_come_after_the_close_go_nowhere():
    capture = welcomed()
    capture.receive_text(start())
    capture.revoked(wire.Revoked())
    assert capture.started(TakeLedger(TAKE)) == []
    assert capture.committed(TAKE, Progress(0, 800)) == []
    assert capture.refused("x", "y") == []


class Delivery(RuleBasedStateMachine):
    """A phone that sends, repeats and reorders frames within its credit, while commits come when they like."""

    def __init__(self) -> None:
        super().__init__()
        self.capture = recording()
        self.disk = TakeLedger(TAKE)
        self.buffered: list[wire.Frame] = []
        self.acknowledged = -1

    def _send(self, seq: int) -> None:
        for action in self.capture.receive_frame(frame(seq)):
            if isinstance(action, machine.Append):
                self.buffered.append(action.frame)

    @precondition(lambda self: self.capture.phase is Phase.RECORDING)
    @rule(ahead=st.integers(1, 50))
    def send(self, ahead):
        self._send(self.acknowledged + ahead)

    @rule()
    def send_again(self):
        self._send(max(self.acknowledged, 0))

    @rule(n_frames=st.integers(1, 10))
    def commit(self, n_frames):
        batch, self.buffered = self.buffered[:n_frames], self.buffered[n_frames:]
        for one in batch:
            self.disk.offer(one)
        for action in self.capture.committed(TAKE, self.disk.progress):
            self.acknowledged = action.message.seq

    @invariant()
    def acknowledges_only_what_is_on_disk(self):
        assert self.acknowledged <= self.disk.progress.seq

    @invariant()
    def stays_open_for_a_phone_that_keeps_its_credit(self):
        assert self.capture.phase is Phase.RECORDING


Delivery.TestCase.settings = hypothesis_settings(max_examples=40, stateful_step_count=40, deadline=None)
TestDelivery = Delivery.TestCase


@given(st.lists(st.binary(max_size=60) | st.sampled_from([frame(0), frame(1), frame(40)]), max_size=20))
def test_no_bytes_break_the_machine(messages):
    capture = recording()
    for data in messages:
        capture.receive_frame(data)
    assert capture.phase in (Phase.RECORDING, Phase.CLOSED)


texts = st.sampled_from([hello(), start(), start(UUID(int=2)), stop(), '{"type":"ping"}', "{", "[]"])


@given(st.lists(texts | st.sampled_from([frame(0), frame(1)]), max_size=12))
def test_any_conversation_is_answered_or_closed(messages):
    """Carries each action out at once, as a transport does, and never meets an impossible state."""
    capture = CaptureMachine(now_s=0.0)
    for message in messages:
        receive = capture.receive_text if isinstance(message, str) else capture.receive_frame
        for action in receive(message):
            match action:
                case machine.Authorise():
                    capture.authorised(grant())
                case machine.BeginTake(start=begun):
                    capture.started(TakeLedger(begun.recording))
                case machine.FinishTake(stop=last):
                    capture.stored(wire.Stored(last.recording, 1, [], last.sha256, match=True))
                case machine.Close():
                    assert capture.phase is Phase.CLOSED
