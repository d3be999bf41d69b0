"""What can be said of an untrusted file without decoding it: its name, its size, its first bytes. Pure."""

from __future__ import annotations

import re
import struct
import unicodedata
from dataclasses import dataclass

from recordings.refusals import refuse

HEAD_BYTES = 4096
MAX_NAME_CHARS = 120

# kind -> (words for it, extension it is kept under)
KINDS: dict[str, tuple[str, str]] = {
    "wav": ("WAV", "wav"),
    "flac": ("FLAC", "flac"),
    "mp3": ("MP3", "mp3"),
    "ogg": ("OGG", "ogg"),
    "m4a": ("M4A", "m4a"),
    "aac": ("AAC", "aac"),
    "webm": ("WebM", "webm"),
}
ACCEPT = ".wav,.wave,.flac,.mp3,.ogg,.oga,.opus,.m4a,.mp4,.aac,.webm,audio/*"

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"fLaC", "flac"),
    (b"OggS", "ogg"),
    (b"\x1a\x45\xdf\xa3", "webm"),
    (b"ID3", "mp3"),
)
_RIFFS = frozenset({b"RIFF", b"RF64", b"RIFX"})
# Files that people choose by mistake, so that the refusal can name them.
_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x1f\x8b", "a compressed archive"),
    (b"7z\xbc\xaf", "a compressed archive"),
    (b"Rar!", "a compressed archive"),
    (b"MZ", "a program"),
    (b"\x7fELF", "a program"),
    (b"{\\rtf", "a text document"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
    (b"<?xml", "an XML document"),
    (b"FORM", "an AIFF file"),
    (b"MThd", "a MIDI file"),
    (b"#!AMR", "an AMR voice note"),
    (b"RIFF", "a video or a picture"),
)
# Some browsers call .ogg and .m4a by other names, and many give no type at all.
_SOUND_TYPES = frozenset({"", "application/octet-stream", "application/ogg", "binary/octet-stream"})

# RIFF sizes that mean "the writer did not know": a stream, or a recorder that was switched off.
_RIFF_UNKNOWN = frozenset({0, 0xFFFFFFFF})


@dataclass(frozen=True)
class CheckedFile:
    kind: str
    name: str
    size: int


def check_file(*, name: str, size: int, head: bytes, declared_type: str = "", max_bytes: int) -> CheckedFile:
    """The file's kind and a harmless name, or a HeartSiteError that says why it cannot be taken.

    `head`: the first HEAD_BYTES of the file (all of it when shorter). The content decides, never the name: an
    MP3 called heart.wav is an MP3. A declared type that is plainly another thing is believed, though.
    """
    if size == 0:
        raise refuse("upload.empty")
    if size > max_bytes:
        raise refuse("upload.too_large", limit_mb=max_bytes // (1024 * 1024))
    declared = declared_type.partition(";")[0].strip().lower()
    if not (declared in _SOUND_TYPES or declared.startswith(("audio/", "video/"))):
        raise refuse("upload.wrong_type", found=f"a file of the type {safe_type(declared)}")
    kind = sniff(head)
    if kind == "wav":
        check_riff(head, size)
    return CheckedFile(kind=kind, name=clean_name(name), size=size)


def sniff(head: bytes) -> str:
    """The kind of sound file that begins with `head`. Raises upload.wrong_type or upload.not_audio."""
    for magic, begun in _MAGIC:
        if head.startswith(magic):
            return begun
    if head[:4] in _RIFFS and (head[8:12] == b"WAVE" or len(head) < 12):
        return "wav"
    if head[4:8] == b"ftyp":
        return "m4a"
    if len(head) >= 4 and head[0] == 0xFF and (kind := _frame_kind(head)):
        return kind
    for magic, found in _OTHERS:
        if head.startswith(magic):
            raise refuse("upload.wrong_type", found=found)
    raise refuse("upload.not_audio")


def _frame_kind(head: bytes) -> str | None:
    """A bare frame of AAC or MP3: ADTS has layer bits 00, layer III has 01 (ISO/IEC 13818-7 and 11172-3)."""
    if head[1] & 0xF6 == 0xF0:
        return "aac"
    if head[1] & 0xE6 == 0xE2 and head[2] & 0xF0 != 0xF0 and head[2] & 0x0C != 0x0C:
        return "mp3"
    return None


def check_riff(head: bytes, size: int) -> None:
    """Refuse a WAV whose header is cut off, or whose sound is shorter than its header says.

    Only chunks that begin within `head` are seen; a data chunk after that is left to the decoder. RF64 keeps
    its sizes elsewhere and is left to the decoder too.
    """
    order = ">" if head[:4] == b"RIFX" else "<"
    place, has_format = 12, False
    while place + 8 <= len(head):
        name, length = struct.unpack_from(f"{order}4sI", head, place)
        if name == b"data":
            if not has_format:
                raise refuse("upload.bad_header")
            _check_data(head, place, length, size)
            return
        if name == b"fmt ":
            if length < 16:
                raise refuse("upload.bad_header")
            has_format = True
        place += 8 + length + length % 2
    if place >= size or size <= len(head):
        raise refuse("upload.bad_header")


def _check_data(head: bytes, place: int, length: int, size: int) -> None:
    if head[:4] == b"RF64" or length in _RIFF_UNKNOWN:
        return
    if place + 8 + length > size:
        raise refuse("upload.truncated")


def clean_name(name: str) -> str:
    """The last part of a file name, printable and short: fit for a page and for Content-Disposition.

    >>> clean_name("../../etc/passwd.wav")
    'passwd.wav'
    """
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    name = "".join(c for c in name if unicodedata.category(c)[0] not in "C")
    name = re.sub(r'[<>:"|?*%;]', "_", name).strip(" .")
    stem, dot, extension = name.rpartition(".")
    if dot and len(extension) <= 8:
        name = stem[: MAX_NAME_CHARS - len(extension) - 1] + dot + extension
    return name[:MAX_NAME_CHARS] or "recording"


def safe_type(declared: str) -> str:
    return re.sub(r"[^a-z0-9/.+-]", "", declared)[:60] or "something else"
