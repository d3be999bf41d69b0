"""Wire format, version 1: frames and messages between phone, server and desktop (docs/protocol.md). Pure."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field, fields
from enum import IntEnum
from typing import Any, ClassVar, Self
from uuid import UUID

from recordings.fields import Fields, ProtocolError

VERSION = 1
SAMPLE_RATE_HZ = 8000
FRAME_SAMPLES = 800
MAX_FRAME_SAMPLES = 4000
MAX_TEXT_BYTES = 16_384
KIND_PCM16 = 1
HEADER = struct.Struct("<BBHIIQ")
MAX_FRAME_BYTES = HEADER.size + 2 * MAX_FRAME_SAMPLES


class CloseCode(IntEnum):
    NORMAL = 1000
    TOO_BIG = 1009
    SERVER_FAILED = 1011
    TRY_LATER = 1013
    MALFORMED = 4400
    UNAUTHORISED = 4401
    FORBIDDEN = 4403
    NOT_FOUND = 4404
    HELLO_TIMEOUT = 4408
    REPLACED = 4409
    REVOKED = 4410


@dataclass(frozen=True, slots=True)
class Frame:
    """A run of PCM16 samples at 8 kHz. `pcm` is little-endian, two bytes a sample."""

    epoch: int
    seq: int
    sample_index: int
    pcm: bytes

    @property
    def n_samples(self) -> int:
        return len(self.pcm) // 2

    @property
    def end(self) -> int:
        """Index of the sample after the last one."""
        return self.sample_index + self.n_samples

    def encode(self) -> bytes:
        header = HEADER.pack(VERSION, KIND_PCM16, self.n_samples, self.epoch, self.seq, self.sample_index)
        return header + self.pcm


def parse_frame(data: bytes) -> Frame:
    """Read one binary frame. Raises ProtocolError for anything but a whole, well-formed one."""
    if len(data) < HEADER.size:
        raise ProtocolError("protocol.malformed", "An audio frame is shorter than its header.")
    version, kind, n_samples, epoch, seq, sample_index = HEADER.unpack_from(data)
    if version != VERSION or kind != KIND_PCM16:
        raise ProtocolError("protocol.malformed", "An audio frame has an unknown version or kind.")
    if n_samples > MAX_FRAME_SAMPLES or len(data) > MAX_FRAME_BYTES:
        raise ProtocolError("protocol.too_long", "An audio frame is too long.", CloseCode.TOO_BIG)
    if n_samples == 0 or len(data) != HEADER.size + 2 * n_samples:
        raise ProtocolError("protocol.malformed", "An audio frame's length contradicts its header.")
    return Frame(epoch=epoch, seq=seq, sample_index=sample_index, pcm=bytes(data[HEADER.size :]))


class _Message:
    type: ClassVar[str]
    # Left out of the JSON when None; every other field is always there.
    optional: ClassVar[frozenset[str]] = frozenset()

    def as_dict(self) -> dict[str, Any]:
        body = {item.name: getattr(self, item.name) for item in fields(self)}  # type: ignore[arg-type]
        return {"type": self.type} | {
            k: v for k, v in body.items() if v is not None or k not in self.optional
        }


def encode(message: _Message) -> str:
    return json.dumps(message.as_dict(), default=str, ensure_ascii=False, separators=(",", ":"))


# What a phone sends.


@dataclass(frozen=True)
class Hello(_Message):
    type = "hello"
    optional = frozenset({"token", "code", "credential"})
    versions: tuple[int, ...]
    token: str | None = field(default=None, repr=False)
    code: str | None = field(default=None, repr=False)
    credential: str | None = field(default=None, repr=False)
    client: dict = field(default_factory=dict)

    @classmethod
    def read(cls, body: Fields) -> Self:
        secrets = {name: body.text(name, 200, default=None) for name in ("token", "code", "credential")}
        if sum(value is not None for value in secrets.values()) != 1:
            raise ProtocolError(
                "protocol.malformed", "A hello needs exactly one of token, code and credential."
            )
        return cls(versions=body.numbers("versions"), client=body.mapping("client"), **secrets)


@dataclass(frozen=True)
class GiveConsent(_Message):
    type = "consent"
    wording_version: str
    language: str
    giver: str
    agree: bool
    research: bool

    @classmethod
    def read(cls, body: Fields) -> Self:
        return cls(
            wording_version=body.text("wording_version", 32),
            language=body.text("language", 16),
            giver=body.choice("giver", ("patient", "guardian")),
            agree=body.flag("agree"),
            research=body.flag("research", default=False),
        )


@dataclass(frozen=True)
class Start(_Message):
    type = "start"
    recording: UUID
    site: str = ""
    posture: str = ""
    native_rate_hz: int | None = None
    track_settings: dict = field(default_factory=dict)
    device_label: str = ""
    client_time_ms: float | None = None

    @classmethod
    def read(cls, body: Fields) -> Self:
        rate_hz = body.number("native_rate_hz", 1, 1_000_000, default=None)
        return cls(
            recording=body.uuid("recording"),
            site=body.text("site", 16, default="") or "",
            posture=body.text("posture", 16, default="") or "",
            native_rate_hz=None if rate_hz is None else round(rate_hz),
            track_settings=body.mapping("track_settings"),
            device_label=(body.text("device_label", 1000, default="") or "")[:200],
            client_time_ms=body.number("client_time_ms", 0, 1e15, default=None),
        )


@dataclass(frozen=True)
class Stop(_Message):
    type = "stop"
    recording: UUID
    frames: int
    samples: int
    sha256: str

    @classmethod
    def read(cls, body: Fields) -> Self:
        return cls(
            recording=body.uuid("recording"),
            frames=body.count("frames"),
            samples=body.count("samples"),
            sha256=body.sha256("sha256"),
        )


@dataclass(frozen=True)
class Ping(_Message):
    type = "ping"
    t: float | None = None

    @classmethod
    def read(cls, body: Fields) -> Self:
        return cls(t=body.number("t", -1e18, 1e18, default=None))


Control = Hello | GiveConsent | Start | Stop | Ping
_CONTROLS: dict[str, Any] = {kind.type: kind for kind in (Hello, GiveConsent, Start, Stop, Ping)}


def parse_control(text: str) -> Control:
    """Read one control message of the phone. Raises ProtocolError for anything else."""
    body = Fields.parse(text, MAX_TEXT_BYTES)
    kind = _CONTROLS.get(body.text("type", 40))
    if kind is None:
        raise ProtocolError("protocol.unknown_type", "The server does not know this kind of message.")
    return kind.read(body)


# What the server answers.


@dataclass(frozen=True)
class Welcome(_Message):
    type = "welcome"
    optional = frozenset({"credential"})
    epoch: int
    session: dict
    consent: dict | None
    consent_wording: dict
    credit: int
    max_bytes_per_s: int
    takes: int
    resume: dict | None
    credential: str | None = field(default=None, repr=False)
    version: int = VERSION
    sample_rate_hz: int = SAMPLE_RATE_HZ
    frame_samples: int = FRAME_SAMPLES


@dataclass(frozen=True)
class Consented(_Message):
    type = "consented"
    consent: str


@dataclass(frozen=True)
class Started(_Message):
    type = "started"
    recording: UUID


@dataclass(frozen=True)
class Ack(_Message):
    type = "ack"
    recording: UUID
    seq: int
    samples: int
    credit: int


@dataclass(frozen=True)
class Stored(_Message):
    type = "stored"
    recording: UUID
    samples: int
    gaps: list[list[int]]
    sha256: str
    match: bool


@dataclass(frozen=True)
class SettingsChanged(_Message):
    type = "settings"
    site: str
    posture: str
    target_s: int
    settle_s: int


@dataclass(frozen=True)
class Pong(_Message):
    type = "pong"
    t: float | None = None


@dataclass(frozen=True)
class Revoked(_Message):
    """`reason`: "ended" (the session is over) or "revoked" (this phone may not go on)."""

    type = "revoked"
    reason: str = "revoked"


@dataclass(frozen=True)
class Error(_Message):
    type = "error"
    code: str
    message: str
    fatal: bool


# What a desktop is told.


@dataclass(frozen=True)
class MonitorWelcome(_Message):
    type = "welcome"
    phone: dict
    take: dict | None
    target_s: int
    settle_s: int
    version: int = VERSION


@dataclass(frozen=True)
class PhoneState(_Message):
    type = "phone"
    state: str
    device: str = ""
    native_rate_hz: int | None = None


@dataclass(frozen=True)
class TakeBegan(_Message):
    type = "take"
    recording: UUID
    number: int
    site: str
    posture: str
    native_rate_hz: int | None
    device: str


@dataclass(frozen=True)
class TakeStored(_Message):
    type = "stored"
    recording: UUID
    duration_s: float
    gaps: list[list[int]]
    match: bool | None
    partial: bool


@dataclass(frozen=True)
class TakeFailed(_Message):
    type = "failed"
    recording: UUID
    code: str
    message: str


@dataclass(frozen=True)
class AnalysisProgress(_Message):
    type = "analysis"
    recording: UUID
    analysis: UUID
    status: str
    stage: str
    fraction: float
