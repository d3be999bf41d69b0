"""The decoder's process: `python -m recordings.decoding.child`, fed over standard input, limited by the
system.

Reads {"kind", "size"} and the file's bytes, answers {"rate_hz", "n_samples", ...} and the samples, or
{"refused"}. Ends when its input ends, and after any refusal: whatever a broken file did to a codec must not
meet the next file.
"""

from __future__ import annotations

import os
import sys
import tempfile
from typing import Any, BinaryIO

import soundfile

from recordings.decoding import limits
from recordings.decoding.canonical import Measurement, emit, measure
from recordings.decoding.readers import open_sound
from recordings.decoding.wire import Refused, receive, send

COPY_BYTES = 1 << 18


def limit_resources() -> None:
    """Memory, files and core dumps; a no-op where the system (Windows) has no such limits."""
    try:
        import resource
    except ImportError:
        return
    for what, value in (
        (resource.RLIMIT_AS, limits.MEMORY_BYTES),
        (resource.RLIMIT_NOFILE, limits.OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (value, value))


def limit_job(size: int) -> None:
    """CPU time from here on, and no file larger than the one that came."""
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + limits.CPU_S, hard))
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))


def take_file(source: BinaryIO, size: int) -> BinaryIO:
    """`size` bytes of `source` in a file without a name, which goes with this process."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the caller
    remaining = size
    while remaining:
        piece = source.read(min(remaining, COPY_BYTES))
        if not piece:
            raise EOFError
        file.write(piece)
        remaining -= len(piece)
    file.flush()
    return file


def first_pass(file: BinaryIO, kind: str) -> tuple[Measurement, dict[str, Any]]:
    sound = open_sound(file, kind)
    try:
        measurement = measure(sound)
    finally:
        sound.close()
    weights = measurement.weights()
    return measurement, {
        "rate_hz": measurement.rate_hz,
        "n_samples": measurement.n_frames,
        "source_rate_hz": sound.rate_hz,
        "source_channels": sound.channels,
        "weights": weights.tolist(),
        "gain": measurement.gain(weights),
    }


def second_pass(file: BinaryIO, kind: str, measurement: Measurement, answer: BinaryIO) -> None:
    """Too late for a refusal: whatever goes wrong here ends the process, which the server understands."""
    sound = open_sound(file, kind)
    n_sent = 0
    for samples in emit(sound, measurement):
        n_sent += len(samples)
        if n_sent > measurement.n_frames:
            break
        answer.write(samples.tobytes())
    sound.close()
    if n_sent != measurement.n_frames:
        raise SystemExit("The second pass found another number of samples.")
    answer.flush()


def answer_one(request: dict[str, Any], source: BinaryIO, answer: BinaryIO) -> bool:
    """Whether this process is fit for another file."""
    size, kind = int(request["size"]), str(request["kind"])
    limit_job(size)
    with take_file(source, size) as file:
        try:
            measurement, header = first_pass(file, kind)
        except Refused as refusal:
            send(answer, {"refused": refusal.code, "values": refusal.values})
            return False
        except (soundfile.LibsndfileError, MemoryError, OSError, ValueError, RuntimeError):
            # OSError and ValueError are the bases of FFmpeg's errors.
            send(answer, {"refused": "upload.undecodable", "values": {}})
            return False
        send(answer, header)
        second_pass(file, kind, measurement, answer)
    return True


def main() -> None:
    source = sys.stdin.buffer
    # A codec that prints must not write into the answer.
    answer = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    limit_resources()
    while (request := receive(source)) is not None:
        if not answer_one(request, source, answer):
            return


if __name__ == "__main__":
    main()
