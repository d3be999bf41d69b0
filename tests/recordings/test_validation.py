from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from accounts.errors import HeartSiteError
from recordings.refusals import REFUSALS, refuse
from recordings.validation import KINDS, check_file, clean_name, sniff
from tests.recordings.files import encoded, ffmpeg, heartbeat, riff, wav

MAX_BYTES = 1024 * 1024


def check(content: bytes, **more):
    return check_file(
        **{"name": "heart.wav", "size": len(content), "head": content[:4096], "max_bytes": MAX_BYTES, **more}
    )


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (wav(heartbeat()), "wav"),
        (wav(heartbeat(), subtype="IMA_ADPCM"), "wav"),
        (encoded(heartbeat(), 8000, "RF64"), "wav"),
        (encoded(heartbeat(), 8000, "FLAC"), "flac"),
        (encoded(heartbeat(), 8000, "OGG"), "ogg"),
        (encoded(heartbeat(), 8000, "MP3"), "mp3"),
        (ffmpeg(heartbeat(rate_hz=44100), 44100, "mp3", "libmp3lame"), "mp3"),
        (ffmpeg(heartbeat(rate_hz=44100), 44100, "ipod", "aac"), "m4a"),
        (ffmpeg(heartbeat(rate_hz=44100), 44100, "adts", "aac"), "aac"),
        (ffmpeg(heartbeat(rate_hz=48000), 48000, "webm", "libopus"), "webm"),
    ],
)
def test_the_content_tells_the_kind_whatever_the_name(content, kind):
    checked = check(content, name="notes.txt", max_bytes=10 * MAX_BYTES)
    assert (checked.kind, checked.name, checked.size) == (kind, "notes.txt", len(content))
    assert kind in KINDS


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "upload.empty"),
        (b"\0" * (MAX_BYTES + 1), "upload.too_large"),
        (b"patient felt well " * 9, "upload.not_audio"),
        (b"\0" * 100, "upload.not_audio"),
        (b"R", "upload.not_audio"),
        (b"%PDF-1.7 ...", "upload.wrong_type"),
        (b"\x89PNG\r\n\x1a\n", "upload.wrong_type"),
        (b"PK\x03\x04....", "upload.wrong_type"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "upload.wrong_type"),
        (b"RIFF", "upload.bad_header"),
        (wav(heartbeat())[:12], "upload.bad_header"),
        (wav(heartbeat())[:30], "upload.bad_header"),
        (wav(heartbeat())[:40], "upload.bad_header"),
        (b"RIFF\x10\0\0\0WAVEdata\x08\0\0\0" + b"\0" * 8, "upload.bad_header"),
        (wav(heartbeat())[:4000], "upload.truncated"),
        (riff(b"\0\0" * 8000, claims=0x7FFFFFFF), "upload.truncated"),
    ],
)
def test_a_bad_file_is_refused_by_name(content, code):
    with pytest.raises(HeartSiteError) as error:
        check(content)
    assert error.value.code == code
    assert error.value.message.endswith(".")


@pytest.mark.parametrize("claims", [0, 0xFFFFFFFF])
def test_a_length_that_the_writer_did_not_know_is_no_lie(claims):
    assert check(riff(b"\0\0" * 8000, claims=claims)).kind == "wav"


@pytest.mark.parametrize(
    "declared", ["", "audio/x-wav", "video/webm; codecs=opus", "application/octet-stream"]
)
def test_types_that_browsers_give_sound_pass(declared):
    assert check(wav(heartbeat()), declared_type=declared).kind == "wav"


@pytest.mark.parametrize("declared", ["image/png", "text/plain", "application/json", "<script>/x"])
def test_a_plainly_wrong_declared_type_is_refused(declared):
    with pytest.raises(HeartSiteError) as error:
        check(wav(heartbeat()), declared_type=declared)
    assert error.value.code == "upload.wrong_type"
    assert "<" not in error.value.message


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("heart.wav", "heart.wav"),
        ("../../etc/passwd", "passwd"),
        ("C:\\patients\\Ruiz\\apex.wav", "apex.wav"),
        ("a\r\nSet-Cookie: x.wav", "aSet-Cookie_ x.wav"),
        ('"; rm -rf.wav', "__ rm -rf.wav"),
        ("corazón.flac", "corazón.flac"),
        ("\u202egpj.wav", "gpj.wav"),
        ("..", "recording"),
        ("", "recording"),
        ("x" * 500 + ".wav", "x" * 116 + ".wav"),
    ],
)
def test_a_name_is_made_harmless(given, kept):
    assert clean_name(given) == kept


def test_pictures_of_the_head_alone_are_enough():
    assert sniff(wav(heartbeat())[:16]) == "wav"


def test_every_refusal_has_a_sentence_and_an_unknown_one_is_undecodable():
    for status, sentence in REFUSALS.values():
        assert 400 <= status < 500
        assert sentence[0].isupper() or sentence.startswith("{")
        assert sentence.endswith(".")
    assert refuse("upload.made_up").code == "upload.undecodable"


def test_no_damage_to_a_head_goes_unnamed():
    """Two thousand damaged beginnings: each is taken or refused by name."""
    chance, named = random.Random(20261122), set()
    whole = [wav(heartbeat()), encoded(heartbeat(), 8000, "FLAC"), encoded(heartbeat(), 8000, "RF64")]
    for _ in range(2000):
        damaged = bytearray(chance.choice(whole)[: chance.choice([3, 11, 13, 40, 44, 60, 5000])])
        for _ in range(chance.choice([1, 4, 16])):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            assert check(bytes(damaged)).kind in KINDS
        except HeartSiteError as error:
            named.add(error.code)
    assert named <= REFUSALS.keys()


def test_the_documentation_lists_every_refusal_with_its_status():
    text = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `(upload\.\w+)` \| (\d+) \|", text, flags=re.MULTILINE))
    assert listed == {code: str(status) for code, (status, _) in REFUSALS.items()}
