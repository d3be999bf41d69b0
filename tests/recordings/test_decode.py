from __future__ import annotations

import hashlib
import io
import os
import random
import signal
import tempfile
import threading
from pathlib import Path

import numpy as np
import psutil
import pytest

from accounts.errors import HeartSiteError
from recordings.decode import Decoder
from recordings.decoding import limits
from recordings.refusals import REFUSALS
from tests.recordings.files import encoded, ffmpeg, heartbeat, wav

MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def decoder():
    decoder = Decoder()
    yield decoder
    decoder.close()


def decode(decoder: Decoder, content: bytes, kind: str):
    return decoder.decode(io.BytesIO(content), size=len(content), kind=kind)


def refusal(decoder: Decoder, content: bytes, kind: str) -> str:
    with pytest.raises(HeartSiteError) as error:
        decode(decoder, content, kind)
    return error.value.code


def dominant_hz(x: np.ndarray, rate_hz: int) -> float:
    spectrum = np.abs(np.fft.rfft(x * np.hanning(len(x))))
    return float(np.fft.rfftfreq(len(x), 1 / rate_hz)[spectrum.argmax()])


def tone(hz: float, duration_s: float, rate_hz: int, level: float = 0.5) -> np.ndarray:
    t = np.arange(round(duration_s * rate_hz)) / rate_hz
    return (level * np.sin(2 * np.pi * hz * t)).astype(np.float32)


@pytest.mark.parametrize("container", ["WAV", "FLAC"])
def test_a_lossless_file_keeps_every_sample(decoder, container):
    original = (heartbeat() * 30000).astype(np.int16)
    original[:2] = (-32768, 32767)
    sound = decode(decoder, encoded(original, 8000, container), container.lower())
    assert sound.rate_hz == sound.source_rate_hz == 8000
    assert hashlib.sha256(sound.pcm.tobytes()).digest() == hashlib.sha256(original.tobytes()).digest()


@pytest.mark.parametrize(
    ("kind", "make", "rate_hz"),
    [
        ("mp3", lambda x, fs: encoded(x, fs, "MP3"), 44100),
        ("ogg", lambda x, fs: encoded(x, fs, "OGG", "VORBIS"), 44100),
        ("ogg", lambda x, fs: encoded(x, fs, "OGG", "OPUS"), 48000),
        ("m4a", lambda x, fs: ffmpeg(x, fs, "ipod", "aac"), 44100),
        ("aac", lambda x, fs: ffmpeg(x, fs, "adts", "aac"), 44100),
        ("webm", lambda x, fs: ffmpeg(x, fs, "webm", "libopus"), 48000),
        ("wav", lambda x, fs: ffmpeg(x, fs, "wav", "libmp3lame"), 44100),
        ("wav", lambda x, fs: wav(x, fs, "IMA_ADPCM"), 8000),
    ],
)
def test_a_tone_survives_every_kind_of_file(decoder, kind, make, rate_hz):
    sound = decode(decoder, make(tone(120, 3, rate_hz), rate_hz), kind)
    assert sound.rate_hz == rate_hz
    assert sound.duration_s == pytest.approx(3, abs=0.1)
    assert dominant_hz(sound.pcm, sound.rate_hz) == pytest.approx(120, abs=1)
    # LAME turns everything down to 0.95.
    middle = sound.pcm[rate_hz : 2 * rate_hz].astype(float) / 32768
    assert np.sqrt(2 * np.mean(middle**2)) == pytest.approx(0.5, rel=0.06)


@pytest.mark.parametrize(
    ("rate_hz", "kept_hz"), [(192000, 48000), (96000, 48000), (88200, 44100), (48000, 48000)]
)
def test_a_high_rate_comes_down_without_folding(decoder, rate_hz, kept_hz):
    above = tone(rate_hz / 2 - 2000, 2.5, rate_hz, 0.4 if kept_hz < rate_hz else 0)
    content = wav(tone(100, 2.5, rate_hz) + above, rate_hz)
    sound = decode(decoder, content, "wav")
    assert (sound.rate_hz, sound.source_rate_hz, len(sound.pcm)) == (kept_hz, rate_hz, 2.5 * kept_hz)
    wanted = tone(100, 2.5, kept_hz) * 32768
    inside = slice(200, -200)
    assert np.abs(sound.pcm[inside] - wanted[inside]).max() < 12


def test_equal_channels_are_averaged_and_different_ones_are_not(decoder):
    x = heartbeat()
    room = np.random.default_rng(7).normal(0, 0.1, len(x)).astype(np.float32)
    alone = decode(decoder, wav(x), "wav").pcm

    def stereo(left, right):
        return decode(decoder, wav(np.stack([left, right], axis=1)), "wav")

    assert stereo(x, x).weights == (0.5, 0.5)
    assert stereo(x, 0 * x).weights == (1, 0)
    assert stereo(room, x).weights == (0, 1)
    opposite = stereo(x, -x)
    assert sorted(opposite.weights) == [0, 1]
    assert np.abs(np.abs(opposite.pcm) - np.abs(alone)).max() <= 1, "opposite channels must not cancel"
    overdriven = np.clip(np.roll(x, 2000) * 40, -1, 1)
    assert stereo(overdriven, x).weights == (0, 1)


def test_a_float_file_beyond_full_scale_is_turned_down_not_clipped(decoder):
    x = heartbeat()
    sound = decode(decoder, wav(4 * x, 8000, "FLOAT"), "wav")
    assert sound.gain == pytest.approx(1 / (4 * np.abs(x).max()), rel=1e-4)
    assert np.abs(sound.pcm - 32768 * x / np.abs(x).max()).max() <= 1


def test_silence_is_sound_too(decoder):
    assert not decode(decoder, wav(np.zeros(16000, np.float32)), "wav").pcm.any()


def with_nan(value: float) -> bytes:
    x = heartbeat()
    x[9999] = value
    return wav(x, subtype="FLOAT")


@pytest.mark.parametrize(
    ("content", "kind", "code"),
    [
        (wav(heartbeat()[:0]), "wav", "upload.too_short"),
        (wav(heartbeat()[:7999]), "wav", "upload.too_short"),
        (with_nan(np.nan), "wav", "upload.not_finite"),
        (with_nan(-np.inf), "wav", "upload.not_finite"),
        (wav(np.stack([heartbeat()] * 8, axis=1)), "wav", "upload.too_many_channels"),
        (wav(heartbeat(2, 96001), 96001), "wav", "upload.sample_rate"),
        (wav(heartbeat(2, 384000), 384000), "wav", "upload.sample_rate"),
        (wav(np.zeros(5000, np.int16), 500), "wav", "upload.sample_rate"),
        (encoded(np.zeros(3 * 3600 * 1000, np.int16), 1000, "FLAC"), "flac", "upload.too_long"),
        (ffmpeg(np.zeros(601 * 8000), 8000, "adts", "aac"), "aac", "upload.too_long"),
        (encoded(heartbeat(), 8000, "FLAC")[:3000], "flac", "upload.undecodable"),
        (encoded(heartbeat(), 8000, "FLAC")[:20], "flac", "upload.undecodable"),
        (ffmpeg(heartbeat(rate_hz=44100), 44100, "ipod", "aac")[:9000], "m4a", "upload.undecodable"),
        (b"fLaC" + bytes(range(256)) * 40, "flac", "upload.undecodable"),
        (b"\x1a\x45\xdf\xa3" + bytes(range(256)) * 40, "webm", "upload.undecodable"),
        (b"#EXTM3U\nfile:///etc/passwd\n", "m4a", "upload.undecodable"),
    ],
)
def test_each_bad_file_has_its_name_and_the_next_file_is_read(decoder, content, kind, code):
    assert refusal(decoder, content, kind) == code
    assert len(decode(decoder, wav(heartbeat()), "wav").pcm) == 32000


def test_a_flac_that_hides_its_length_is_stopped_while_it_is_read(decoder):
    content = bytearray(encoded(np.zeros(700 * 1000, np.int16), 1000, "FLAC"))
    # The lower 36 bits of these 8 bytes of STREAMINFO count the samples; 0 means unknown (RFC 9639, 8.2).
    content[21] &= 0xF0
    content[22:26] = b"\0\0\0\0"
    assert refusal(decoder, bytes(content), "flac") == "upload.too_long"


def test_a_file_without_sound_is_not_audio(decoder):
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="webm") as output:
        stream = output.add_stream("libvpx", rate=5)
        stream.width = stream.height = 16
        stream.pix_fmt = "yuv420p"
        for _ in range(3):
            output.mux(stream.encode(av.VideoFrame(16, 16, "yuv420p")))
        output.mux(stream.encode(None))
    assert refusal(decoder, file.getvalue(), "webm") == "upload.not_audio"


def test_a_small_flac_that_holds_much_costs_little_memory():
    bomb = encoded(np.zeros((200 * 48000, 2), np.int16), 48000, "FLAC")
    assert len(bomb) < MEGABYTE, "77 MB of samples as numpy holds them, in less than one"
    own = Decoder()
    decode(own, wav(heartbeat()), "wav")
    watched = {"child": psutil.Process(own.pid), "here": psutil.Process()}
    before = {name: process.memory_info().rss for name, process in watched.items()}
    highest = dict(before)
    done = threading.Event()

    def watch():
        while not done.wait(0.02):
            for name, process in watched.items():
                highest[name] = max(highest[name], process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        sound = decode(own, bomb, "flac")
    finally:
        done.set()
        watcher.join()
        own.close()
    assert len(sound.pcm) == 200 * 48000
    assert highest["child"] - before["child"] < 30 * MEGABYTE
    assert highest["here"] - before["here"] < 40 * MEGABYTE, "the 19 MB of the mono sound, and little else"


def test_the_death_of_a_child_refuses_its_file_and_a_fresh_one_serves_the_next(decoder):
    decoder.warm_up()
    first = decoder.pid

    class Deadly(io.BytesIO):
        def read(self, n=-1):
            os.kill(first, signal.SIGKILL)
            return super().read(n)

    content = wav(heartbeat())
    with pytest.raises(HeartSiteError) as error:
        decoder.decode(Deadly(content), size=len(content), kind="wav")
    assert error.value.code == "upload.undecodable"
    assert decoder.pid != first
    assert len(decode(decoder, content, "wav").pcm) == 32000


def test_one_child_serves_many_good_files(decoder):
    decode(decoder, wav(heartbeat()), "wav")
    first = decoder.pid
    for _ in range(3):
        decode(decoder, wav(heartbeat()), "wav")
    assert decoder.pid == first


def test_a_child_that_takes_too_long_is_ended(monkeypatch):
    monkeypatch.setattr(limits, "WALL_S", 0.05)
    slow, more = Decoder(), threading.Event()

    class Stalled(io.BytesIO):
        def read(self, n=-1):
            more.wait(1.0)
            return super().read(n)

    content = wav(heartbeat())
    try:
        with pytest.raises(HeartSiteError) as error:
            slow.decode(Stalled(content), size=len(content), kind="wav")
        assert error.value.code == "upload.undecodable"
    finally:
        slow.close()


def test_nothing_is_left_behind_and_the_child_ends_with_its_input(decoder, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    own = Decoder()
    decode(own, wav(heartbeat()), "wav")
    refusal(own, b"fLaC" + bytes(4000), "flac")
    own.warm_up()
    child = psutil.Process(own.pid)
    assert list(tmp_path.iterdir()) == []
    own.close()
    assert not child.is_running()
    assert own.pid is None


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="limits are read from /proc")
def test_the_child_is_limited_and_knows_no_secret(decoder, monkeypatch):
    monkeypatch.setenv("DJANGO_SECRET_KEY", "known to the server alone")
    own = Decoder()
    decode(own, wav(heartbeat()), "wav")
    try:
        granted = Path(f"/proc/{own.pid}/limits").read_text()
        environment = Path(f"/proc/{own.pid}/environ").read_bytes()
        loaded = Path(f"/proc/{own.pid}/maps").read_text()
    finally:
        own.close()
    rows = {line[:26].strip(): line[26:].split()[0] for line in granted.splitlines()[1:]}
    assert rows["Max address space"] == str(limits.MEMORY_BYTES)
    assert rows["Max core file size"] == "0"
    assert rows["Max cpu time"] != "unlimited"
    assert rows["Max file size"] == str(len(wav(heartbeat())))
    assert b"SECRET" not in environment
    assert "libavcodec" not in loaded, "FFmpeg is loaded for the files that need it"


def test_no_damage_to_a_file_goes_unnamed(decoder):
    chance, named = random.Random(5), set()
    whole = [
        ("wav", wav(heartbeat(1.5), subtype="IMA_ADPCM")),
        ("flac", encoded(heartbeat(1.5), 8000, "FLAC")),
        ("ogg", encoded(heartbeat(1.5), 8000, "OGG", "VORBIS")),
        ("m4a", ffmpeg(heartbeat(1.5, 44100), 44100, "ipod", "aac")),
        ("webm", ffmpeg(heartbeat(1.5, 48000), 48000, "webm", "libopus")),
    ]
    for kind, content in whole * 2:
        damaged = bytearray(content)
        for _ in range(chance.choice([1, 5, 30])):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            assert len(decode(decoder, bytes(damaged), kind).pcm) >= 8000
        except HeartSiteError as error:
            named.add(error.code)
    assert named <= REFUSALS.keys()
