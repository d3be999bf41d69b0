"""The wire format: what is read, what is refused, what is written."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings import protocol as wire
from recordings.fields import ProtocolError

SHA = "0" * 64
PROTOCOL_PAGE = Path(__file__).resolve().parents[2] / "docs" / "protocol.md"


def pcm(n_samples: int, value: int = 0) -> bytes:
    return value.to_bytes(2, "little", signed=True) * n_samples


def test_a_frame_has_the_header_of_the_specification():
    frame = wire.Frame(epoch=0x01020304, seq=5, sample_index=2**40, pcm=pcm(2, -2))
    assert frame.encode() == bytes.fromhex("01 01 0200 04030201 05000000 0000000000010000 feff feff")


@given(
    epoch=st.integers(0, 2**32 - 1),
    seq=st.integers(0, 2**32 - 1),
    sample_index=st.integers(0, 2**64 - 1),
    sound=st.binary(min_size=1, max_size=200).map(lambda half: half * 2),
)
def test_a_frame_survives_the_wire(epoch, seq, sample_index, sound):
    frame = wire.Frame(epoch, seq, sample_index, sound)
    assert wire.parse_frame(frame.encode()) == frame


@given(st.binary(max_size=64))
def test_any_bytes_are_a_frame_or_a_protocol_error(data):
    try:
        frame = wire.parse_frame(data)
    except ProtocolError:
        return
    assert frame.encode() == data


@pytest.mark.parametrize(
    ("data", "close_code"),
    [
        (b"", 4400),
        (wire.HEADER.pack(1, 1, 0, 1, 0, 0), 4400),
        (wire.HEADER.pack(2, 1, 1, 1, 0, 0) + pcm(1), 4400),
        (wire.HEADER.pack(1, 9, 1, 1, 0, 0) + pcm(1), 4400),
        (wire.HEADER.pack(1, 1, 2, 1, 0, 0) + pcm(1), 4400),
        (wire.HEADER.pack(1, 1, 1, 1, 0, 0) + pcm(1) + b"x", 4400),
        (wire.HEADER.pack(1, 1, 4001, 1, 0, 0) + pcm(4001), 1009),
    ],
)
def test_a_broken_frame_is_refused(data, close_code):
    with pytest.raises(ProtocolError) as refusal:
        wire.parse_frame(data)
    assert refusal.value.close_code == close_code


def test_hello_is_read():
    hello = wire.parse_control(
        '{"type":"hello","versions":[1,2],"token":"abc","client":{"page_version":"7"}}'
    )
    assert hello == wire.Hello(versions=(1, 2), token="abc", client={"page_version": "7"})


def test_secrets_stay_out_of_the_representation():
    hello = wire.Hello(versions=(1,), token="tok", code="cod", credential="cred")
    assert not any(secret in repr(hello) for secret in ("'tok'", "'cod'", "'cred'"))


def test_start_and_stop_are_read():
    recording = uuid4()
    start = wire.parse_control(
        json.dumps(
            {
                "type": "start",
                "recording": str(recording),
                "site": None,
                "posture": "supine",
                "native_rate_hz": 48000,
                "track_settings": {"echoCancellation": False},
                "device_label": "x" * 300,
                "client_time_ms": 1.5,
                "from_a_later_version": True,
            }
        )
    )
    assert (start.recording, start.site, start.posture, start.native_rate_hz) == (
        recording,
        "",
        "supine",
        48000,
    )
    assert len(start.device_label) == 200
    stop = {"type": "stop", "recording": str(recording), "frames": 2, "samples": 1600, "sha256": SHA.upper()}
    assert wire.parse_control(json.dumps(stop)) == wire.Stop(recording, 2, 1600, SHA)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "protocol.malformed"),
        ("[]", "protocol.malformed"),
        ("{}", "protocol.malformed"),
        ('{"type":1}', "protocol.malformed"),
        ('{"type":"launch"}', "protocol.unknown_type"),
        ('{"type":"hello","versions":[],"token":"a"}', "protocol.malformed"),
        ('{"type":"hello","versions":[true],"token":"a"}', "protocol.malformed"),
        ('{"type":"hello","versions":[1]}', "protocol.malformed"),
        ('{"type":"hello","versions":[1],"token":"a","code":"b"}', "protocol.malformed"),
        ('{"type":"hello","versions":[1],"token":"a","client":[]}', "protocol.malformed"),
        ('{"type":"hello","versions":[1],"token":"a","client":{"x":1e999}}', "protocol.malformed"),
        ('{"type":"ping","t":NaN}', "protocol.malformed"),
        ('{"type":"ping","t":1e999}', "protocol.malformed"),
        ('{"type":"ping","t":' + "9" * 5000 + "}", "protocol.malformed"),
        ('{"type":"hello","versions":[1],"token":"\\u0000"}', "protocol.malformed"),
        ('{"type":"hello","versions":[1],"token":"\\ud800"}', "protocol.malformed"),
        ('{"type":"start","recording":"not-a-uuid"}', "protocol.malformed"),
        (
            f'{{"type":"stop","recording":"{uuid4()}","frames":-1,"samples":0,"sha256":"{SHA}"}}',
            "protocol.malformed",
        ),
        (
            f'{{"type":"stop","recording":"{uuid4()}","frames":0,"samples":0,"sha256":"z"}}',
            "protocol.malformed",
        ),
        (
            '{"type":"consent","wording_version":"1","language":"en","giver":"dog","agree":true}',
            "protocol.malformed",
        ),
        ("[" * 10_000, "protocol.malformed"),
        ('{"type":"ping","pad":"' + "x" * 20_000 + '"}', "protocol.too_long"),
        ('{"type":"ping","pad":"' + "é" * 10_000 + '"}', "protocol.too_long"),
    ],
)
def test_a_broken_message_is_refused_by_name(text, code):
    with pytest.raises(ProtocolError) as refusal:
        wire.parse_control(text)
    assert refusal.value.code == code


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
field_names = st.sampled_from(
    [
        "versions",
        "token",
        "code",
        "recording",
        "frames",
        "samples",
        "sha256",
        "giver",
        "agree",
        "t",
        "site",
        "client",
    ]
)
kinds = st.sampled_from(["hello", "consent", "start", "stop", "ping"])


@given(kind=kinds, body=st.dictionaries(field_names, json_values))
def test_any_json_is_a_message_or_a_protocol_error(kind, body):
    try:
        message = wire.parse_control(json.dumps({**body, "type": kind}))
    except ProtocolError:
        return
    assert message.type == kind


@given(st.text(max_size=200))
def test_any_text_is_a_message_or_a_protocol_error(text):
    try:
        wire.parse_control(text)
    except ProtocolError:
        return


def test_what_the_server_sends_is_plain_json():
    recording = uuid4()
    ack = wire.Ack(recording=recording, seq=3, samples=3200, credit=50)
    assert json.loads(wire.encode(ack)) == {
        "type": "ack",
        "recording": str(recording),
        "seq": 3,
        "samples": 3200,
        "credit": 50,
    }


def test_a_credential_is_sent_once_and_an_absent_consent_always():
    welcome = wire.Welcome(
        epoch=1,
        session={},
        consent=None,
        consent_wording={},
        credit=50,
        max_bytes_per_s=1,
        takes=0,
        resume=None,
    )
    body = json.loads(wire.encode(welcome))
    assert "credential" not in body
    assert body["consent"] is None
    assert body["resume"] is None


def test_every_message_and_close_code_is_in_the_documentation():
    page = PROTOCOL_PAGE.read_text(encoding="utf-8")
    kinds_of_message = {
        kind.type
        for _, kind in inspect.getmembers(wire, inspect.isclass)
        if issubclass(kind, wire._Message) and kind is not wire._Message
    }
    missing = {name for name in kinds_of_message if f"`{name}`" not in page}
    missing |= {
        code for code in wire.CloseCode if code != wire.CloseCode.NORMAL and f"| {int(code)} |" not in page
    }
    assert not missing


def test_every_error_code_a_socket_may_send_is_in_the_documentation():
    page = PROTOCOL_PAGE.read_text(encoding="utf-8")
    source = Path(wire.__file__).parent
    files = [
        *(source / name for name in ("protocol.py", "fields.py", "capture_machine.py", "take_ledger.py")),
        *(source / "consumers").glob("*.py"),
        *(source / "spool").glob("*.py"),
        *(source / "services" / name for name in ("capture.py", "pairing.py", "phones.py")),
    ]
    kinds = "protocol|frame|pairing|consent|spool|server|recording|session"
    events = {"started", "stored", "failed", "given", "issued", "claimed", "revoked"}
    found = {
        code
        for path in files
        for code in re.findall(rf'"((?:{kinds})\.[a-z_]+)"', path.read_text(encoding="utf-8"))
        if code.partition(".")[2] not in events
    }
    assert len(found) > 25
    assert {code for code in found if f"`{code}`" not in page} == set()
