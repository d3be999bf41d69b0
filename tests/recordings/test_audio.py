from __future__ import annotations

import io
from datetime import UTC, datetime

import numpy as np
import pytest
import soundfile
from asgiref.sync import async_to_sync
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.urls import reverse

from accounts.models import AuditEvent
from recordings.audio_store import store_audio
from recordings.byte_ranges import Unsatisfiable, parse_range
from tests import factories
from tests.recordings.files import heartbeat

RATE_HZ = 8000


@pytest.fixture
def pcm() -> np.ndarray:
    """Longer than one piece of the stream."""
    return (heartbeat(20.0, RATE_HZ) * 30000).astype(np.int16)


@pytest.fixture
def recording(clinic, pcm):
    cache.clear()
    recording = factories.make_recording(
        factories.make_session(clinic), started_at=datetime(2026, 11, 22, 14, 5, tzinfo=UTC)
    )
    audio = store_audio(recording, pcm, rate_hz=RATE_HZ)
    recording.audio, recording.audio_bytes, recording.pcm_sha256 = audio.name, audio.n_bytes, audio.pcm_sha256
    recording.sample_rate_hz, recording.n_samples = RATE_HZ, len(pcm)
    recording.save()
    yield recording
    default_storage.delete(audio.name)


@pytest.fixture
def player(client, clinician):
    client.force_login(clinician)
    return client


def body(response) -> bytes:
    async def everything() -> bytes:
        return b"".join([piece async for piece in response.streaming_content])

    return async_to_sync(everything)()


def plays() -> int:
    return AuditEvent.objects.filter(action="recording.played").count()


@pytest.mark.parametrize(("name", "kind"), [("audio", "audio/flac"), ("audio_wav", "audio/wav")])
def test_the_whole_sound(player, recording, pcm, name, kind):
    response = player.get(reverse(f"recordings:{name}", args=[recording.pk]))
    content = body(response)
    assert response.status_code == 200
    assert response["Content-Type"] == kind
    assert int(response["Content-Length"]) == len(content)
    assert response["Accept-Ranges"] == "bytes"
    assert "private" in response["Cache-Control"]
    samples, rate_hz = soundfile.read(io.BytesIO(content), dtype="int16")
    assert rate_hz == RATE_HZ
    assert np.array_equal(samples, pcm)


@pytest.mark.parametrize("name", ["audio", "audio_wav"])
@pytest.mark.parametrize(
    "asked", ["bytes=0-", "bytes=0-0", "bytes=10-60", "bytes=43-45", "bytes=201-140001", "bytes=-17"]
)
def test_any_part_is_that_part_of_the_whole(player, recording, name, asked):
    address = reverse(f"recordings:{name}", args=[recording.pk])
    whole = body(player.get(address))
    response = player.get(address, headers={"Range": asked})
    start, stop = parse_range(asked, len(whole))
    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {start}-{stop - 1}/{len(whole)}"
    assert body(response) == whole[start:stop]
    assert int(response["Content-Length"]) == stop - start


def test_a_part_beyond_the_end_is_416_and_nonsense_is_ignored(player, recording):
    address = reverse("recordings:audio_wav", args=[recording.pk])
    response = player.get(address, headers={"Range": "bytes=99999999-"})
    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{44 + 2 * recording.n_samples}"
    assert player.get(address, headers={"Range": "seconds=1-2"}).status_code == 200
    assert player.get(address, headers={"Range": "bytes=0-1,5-6"}).status_code == 200


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-99", (0, 100)),
        ("bytes=0-1000", (0, 500)),
        ("bytes=499-", (499, 500)),
        ("bytes=-1000", (0, 500)),
        ("bytes=-", None),
        ("bytes=5-2", None),
        ("bytes=a-b", None),
        ("bytes=" + "9" * 30 + "-", None),
    ],
)
def test_range_headers(header, expected):
    assert parse_range(header, 500) == expected


@pytest.mark.parametrize("header", ["bytes=500-", "bytes=-0", "bytes=600-700"])
def test_ranges_that_cannot_be_served(header):
    with pytest.raises(Unsatisfiable):
        parse_range(header, 500)


def test_one_playback_is_one_audit_event(player, recording):
    address = reverse("recordings:audio_wav", args=[recording.pk])
    for asked in ("bytes=0-", "bytes=0-1", "bytes=5000-6000"):
        player.get(address, headers={"Range": asked})
    player.head(address)
    assert plays() == 1
    cache.clear()
    player.get(address)
    assert plays() == 2


def test_an_unchanged_sound_is_not_sent_again(player, recording):
    address = reverse("recordings:audio", args=[recording.pk])
    etag = player.get(address)["ETag"]
    assert player.get(address, headers={"If-None-Match": etag}).status_code == 304
    stale = {"Range": "bytes=0-9", "If-Range": '"something else"'}
    assert player.get(address, headers=stale).status_code == 200
    assert player.get(address, headers={**stale, "If-Range": etag}).status_code == 206


def test_a_download_has_a_name_that_says_nothing_of_the_patient(player, recording):
    address = reverse("recordings:audio_wav", args=[recording.pk])
    named = player.get(address + "?download=1")["Content-Disposition"]
    assert named == f'attachment; filename="heartsite-20261122-1405-take1-{str(recording.pk)[:8]}.wav"'
    assert player.get(address)["Content-Disposition"].startswith("inline")


def test_a_recording_without_its_file_says_so(player, clinic):
    lost = factories.make_recording(factories.make_session(clinic))
    waiting = factories.make_recording(factories.make_session(clinic), status="receiving", audio="")
    for recording in (lost, waiting):
        for name in ("audio", "audio_wav"):
            response = player.get(
                reverse(f"recordings:{name}", args=[recording.pk]), headers={"Accept": "application/json"}
            )
            assert response.status_code == 404
            assert response.json()["error"]["code"] == "recording.no_audio"


@pytest.mark.parametrize("name", ["audio", "audio_wav"])
def test_only_the_clinic_hears_it(client, recording, reviewer, stranger, name):
    address = reverse(f"recordings:{name}", args=[recording.pk])
    assert client.get(address).status_code == 302
    client.force_login(stranger)
    assert client.get(address).status_code == 404
    assert plays() == 0
    client.force_login(reviewer)
    assert client.get(address).status_code == 200
    assert client.post(address).status_code == 405
