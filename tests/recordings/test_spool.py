"""The journal: nothing acknowledged is lost, nothing false is acknowledged, nothing stays longer than needed."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from recordings.protocol import Frame
from recordings.spool import Spool, SpoolError, store
from recordings.spool.files import Segment
from recordings.spool.records import HEAD_BYTES, Kind, encode_record, scan
from recordings.spool.writer import GroupCommit
from recordings.take_ledger import Progress

TIMEOUT_S = 20
CHILD = Path(__file__).with_name("spool_child.py")


def frame(seq: int, n_samples: int = 800) -> Frame:
    value = (seq * 7919 % 30_000).to_bytes(2, "little")
    return Frame(epoch=1, seq=seq, sample_index=seq * n_samples, pcm=value * n_samples)


def fill(spool: Spool, take: UUID, n_frames: int) -> Progress:
    for seq in range(n_frames):
        last = spool.append(take, frame(seq))
    return last.result(TIMEOUT_S)


@pytest.fixture
def journal(tmp_path):
    spool = Spool(tmp_path / "spool", interval_s=0.0)
    yield spool
    spool.close()


def journal_files(root: Path) -> list[Path]:
    return sorted(root.rglob("*.hsj"))


# Records.


def test_records_are_read_back_in_order():
    take = uuid4()
    data = encode_record(Kind.FRAME, take, b"one") + encode_record(Kind.STOP, take, b"{}")
    assert [(r.kind, r.take, r.body) for r in scan(data)] == [
        (Kind.FRAME, take, b"one"),
        (Kind.STOP, take, b"{}"),
    ]


def test_a_torn_record_at_the_end_is_left_out():
    take = uuid4()
    whole, torn = encode_record(Kind.FRAME, take, b"whole"), encode_record(Kind.FRAME, take, b"torn off")
    for n_bytes in range(len(torn)):
        assert [r.body for r in scan(whole + torn[:n_bytes])] == [b"whole"]


@pytest.mark.parametrize("place", range(HEAD_BYTES + 3))
def test_a_damaged_byte_costs_one_record_and_no_other(place):
    take = uuid4()
    records = [encode_record(Kind.FRAME, take, body) for body in (b"aaa", b"bbb", b"ccc")]
    damaged = bytearray(records[1])
    damaged[place] ^= 0xFF
    assert [r.body for r in scan(records[0] + bytes(damaged) + records[2])] == [b"aaa", b"ccc"]


def test_the_magic_within_a_body_starts_no_record():
    body = encode_record(Kind.FRAME, uuid4(), b"inner")
    assert [r.body for r in scan(encode_record(Kind.FRAME, uuid4(), body))] == [body]


# Group commit.


def test_entries_that_wait_together_are_committed_together():
    batches, started, release = [], threading.Event(), threading.Event()

    def commit(batch):
        batches.append(batch)
        started.set()
        release.wait(TIMEOUT_S)
        return {"a": len(batches), "b": len(batches)}

    writer = GroupCommit(commit, interval_s=0.0)
    first = writer.add("a", 1)
    started.wait(TIMEOUT_S)
    shared = writer.add("a", 2)
    assert writer.add("a", 3) is shared
    other = writer.add("b", 4)
    assert other is not shared
    release.set()
    assert (first.result(TIMEOUT_S), shared.result(TIMEOUT_S), other.result(TIMEOUT_S)) == (1, 2, 2)
    assert batches == [[1], [2, 3, 4]]
    writer.close()


def test_nobody_can_cancel_a_commit_for_the_others():
    writer = GroupCommit(lambda batch: {"a": None}, interval_s=0.0)
    assert not writer.add("a", 1).cancel()
    writer.close()


def test_a_failed_batch_is_answered_and_the_next_goes_on():
    outcomes = iter([OSError("disk"), None])

    def commit(batch):
        if error := next(outcomes):
            raise error
        return {"a": "done"}

    writer = GroupCommit(commit, interval_s=0.0)
    with pytest.raises(OSError, match="disk"):
        writer.add("a", 1).result(TIMEOUT_S)
    assert writer.add("a", 2).result(TIMEOUT_S) == "done"
    writer.close()


def test_closing_commits_what_waits():
    batches = []
    writer = GroupCommit(lambda batch: batches.append(batch) or {"a": None}, interval_s=3600.0)
    writer._committed_at_s = time.monotonic()  # so that the next round is an hour away
    writer.add("a", 1)
    writer.close()
    assert batches == [[1]]


# Takes.


def test_a_future_says_how_far_a_take_is_on_disk(journal):
    take = uuid4()
    journal.begin(take)
    assert fill(journal, take, 3) == Progress(2, 2400)
    assert journal.append(take, frame(4)).result(TIMEOUT_S) == Progress(2, 2400)
    assert journal.append(take, frame(3)).result(TIMEOUT_S) == Progress(4, 4000)
    assert journal.frames(take) == [frame(seq) for seq in range(5)]


def test_many_takes_share_one_file(journal, tmp_path):
    takes = [uuid4() for _ in range(20)]
    for take in takes:
        journal.begin(take)
    for take in takes:
        fill(journal, take, 3)
    assert len(journal_files(tmp_path)) == 1
    assert all(journal.frames(take) == [frame(0), frame(1), frame(2)] for take in takes)


def test_a_take_nobody_began_is_refused(journal):
    with pytest.raises(SpoolError) as refusal:
        journal.append(uuid4(), frame(0))
    assert refusal.value.code == "spool.unavailable"


def test_a_full_segment_is_followed_by_another_and_both_are_read(tmp_path):
    spool = Spool(tmp_path, interval_s=0.0, segment_bytes=5000)
    take = uuid4()
    spool.begin(take)
    for seq in range(12):
        spool.append(take, frame(seq)).result(TIMEOUT_S)
    assert len(journal_files(tmp_path)) == 3
    assert spool.frames(take) == [frame(seq) for seq in range(12)]
    spool.close()


def test_a_segment_goes_when_the_last_of_its_takes_is_filed(tmp_path):
    spool = Spool(tmp_path, interval_s=0.0, segment_bytes=5000)
    first, second = uuid4(), uuid4()
    spool.begin(first)
    spool.begin(second)
    for seq in range(8):
        spool.append(first, frame(seq)).result(TIMEOUT_S)
    spool.append(second, frame(0)).result(TIMEOUT_S)
    spool.filed(first).result(TIMEOUT_S)
    assert spool.state(first) is None
    assert len(journal_files(tmp_path)) == 1
    assert spool.frames(second) == [frame(0)]
    spool.filed(second).result(TIMEOUT_S)
    assert journal_files(tmp_path) == []
    spool.close()


# Crashes and restarts.


def test_what_a_closed_process_left_is_found_and_goes_on(tmp_path):
    take, done = uuid4(), uuid4()
    spool = Spool(tmp_path, interval_s=0.0)
    spool.begin(take)
    spool.begin(done)
    fill(spool, done, 2)
    fill(spool, take, 2)
    spool.filed(done).result(TIMEOUT_S)
    spool.close()

    again = Spool(tmp_path, interval_s=0.0)
    (state,) = again.unfiled()
    assert (state.recording, state.stop, state.is_recovered) == (take, None, True)
    assert again.append(take, frame(2)).result(TIMEOUT_S) == Progress(2, 2400)
    again.stop(take, {"sha256": "f"}).result(TIMEOUT_S)
    again.close()

    third = Spool(tmp_path, interval_s=0.0)
    assert third.state(take).stop == {"sha256": "f"}
    assert third.frames(take) == [frame(0), frame(1), frame(2)]
    third.filed(take).result(TIMEOUT_S)
    assert journal_files(tmp_path) == []
    third.close()


def test_the_journal_of_a_living_process_is_left_alone(journal, tmp_path):
    take = uuid4()
    journal.begin(take)
    fill(journal, take, 1)
    beside = Spool(tmp_path / "spool", interval_s=0.0)
    assert beside.unfiled() == []
    beside.close()
    assert journal.frames(take) == [frame(0)]


def test_every_acknowledged_sample_survives_sigkill(tmp_path):
    """A child streams frames of three takes and prints each acknowledgement; it is killed in mid-stream."""
    takes = [UUID(int=number) for number in (1, 2, 3)]
    child = subprocess.Popen(
        [sys.executable, str(CHILD), str(tmp_path), *map(str, takes)], stdout=subprocess.PIPE, text=True
    )
    acknowledged = dict.fromkeys(takes, -1)
    try:
        for n_lines, line in enumerate(child.stdout):
            take, seq = line.split()
            acknowledged[UUID(take)] = int(seq)
            if n_lines > 60 and min(acknowledged.values()) >= 0:
                break
    finally:
        os.kill(child.pid, signal.SIGKILL)
        rest, _ = child.communicate()
    for line in rest.splitlines():
        if len(line.split()) == 2:
            take, seq = line.split()
            acknowledged[UUID(take)] = max(acknowledged[UUID(take)], int(seq))

    spool = Spool(tmp_path, interval_s=0.0)
    assert {state.recording for state in spool.unfiled()} == set(takes)
    for take in takes:
        found = spool.frames(take)
        assert acknowledged[take] >= 0
        assert found[: acknowledged[take] + 1] == [frame(seq) for seq in range(acknowledged[take] + 1)]
    spool.close()


# A disk that fails.


def test_a_full_disk_is_named_and_acknowledges_nothing(journal, monkeypatch):
    take = uuid4()
    journal.begin(take)
    fill(journal, take, 2)
    write = Segment.append

    def no_room(segment, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Segment, "append", no_room)
    with pytest.raises(SpoolError) as failure:
        journal.append(take, frame(2)).result(TIMEOUT_S)
    assert failure.value.code == "spool.disk_full"
    assert journal.frames(take) == [frame(0), frame(1)]

    monkeypatch.setattr(Segment, "append", write)
    assert journal.append(take, frame(2)).result(TIMEOUT_S) == Progress(2, 2400)
    assert journal.frames(take) == [frame(0), frame(1), frame(2)]


def test_half_a_write_leaves_no_trace(tmp_path):
    """A real partial write: the file may not grow beyond a limit set for this child process alone."""
    script = f"""
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from pathlib import Path
from recordings.spool.files import Segment
segment = Segment.create(Path({str(tmp_path)!r}) / "x.hsj")
segment.append(b"a" * 1000)
resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))
try:
    segment.append(b"b" * 1000)
except OSError as error:
    print(error.errno, segment.size_bytes)
"""
    pytest.importorskip("resource")
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=root, check=True
    )
    assert done.stdout.split() == [str(errno.EFBIG), "1000"]
    assert (tmp_path / "x.hsj").read_bytes() == b"a" * 1000


def test_other_trouble_with_the_disk_has_a_name_too(journal, monkeypatch):
    take = uuid4()
    journal.begin(take)

    def broken(segment, data):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Segment, "append", broken)
    with pytest.raises(SpoolError) as failure:
        journal.append(take, frame(0)).result(TIMEOUT_S)
    assert failure.value.code == "spool.unavailable"


def test_a_take_does_not_begin_on_a_disk_that_is_all_but_full(journal, monkeypatch):
    monkeypatch.setattr(store, "MIN_FREE_BYTES", 2**63)
    with pytest.raises(SpoolError) as refusal:
        journal.begin(uuid4())
    assert refusal.value.code == "spool.disk_full"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_sound_in_the_journal_is_for_its_owner_alone(journal, tmp_path):
    take = uuid4()
    journal.begin(take)
    fill(journal, take, 1)
    (path,) = journal_files(tmp_path)
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0
