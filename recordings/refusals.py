"""Why a file was not taken: the code for programs, the sentence for the person who chose the file. Pure."""

from __future__ import annotations

from typing import Any

from accounts.errors import HeartSiteError

REFUSALS: dict[str, tuple[int, str]] = {
    "upload.missing": (400, "No file arrived. Choose a recording and send it again."),
    "upload.empty": (400, "This file is empty. Copy it from the recorder again."),
    "upload.too_large": (
        413,
        "This file is larger than {limit_mb} MB. Export a shorter part of the recording.",
    ),
    "upload.wrong_type": (
        415,
        "This is {found}, not a sound recording. WAV, FLAC, MP3, OGG, M4A/AAC and WebM can be read.",
    ),
    "upload.not_audio": (
        415,
        "There is no sound in this file, whatever its name. WAV, FLAC, MP3, OGG, M4A/AAC and WebM can be read.",
    ),
    "upload.bad_header": (400, "The beginning of this file is damaged. Copy it from the recorder again."),
    "upload.truncated": (
        400,
        "The end of this file is missing: it holds less sound than it says. Copy it from the recorder again.",
    ),
    "upload.undecodable": (
        400,
        "This file could not be read. It may be damaged; export the recording again, as WAV if possible.",
    ),
    "upload.too_short": (
        400,
        "This recording lasts {duration_s} s. At least one second is needed, and ten or more to judge it.",
    ),
    "upload.too_long": (
        400,
        "This recording is longer than 10 minutes. Export the part in which the heart is heard.",
    ),
    "upload.not_finite": (
        400,
        "This file holds values that are no sound (infinite or not a number). Export the recording again.",
    ),
    "upload.sample_rate": (
        400,
        "The sample rate of {rate_hz} Hz cannot be read. Export the recording at 4, 8, 44.1 or 48 kHz.",
    ),
    "upload.too_many_channels": (
        400,
        "This file has {channels} channels, and nothing says which of them was on the chest. "
        "Export that one as a mono file.",
    ),
    "upload.consent": (400, "Confirm that the patient, or a guardian, has agreed to this recording."),
    "upload.session_ended": (409, "This session has ended. Open a new one for this patient."),
    "upload.other_recording": (
        409,
        "Another recording has this number already. Send the file again without a number of its own.",
    ),
    "upload.unknown_sample": (404, "There is no such demo sample."),
}


def refuse(code: str, **values: Any) -> HeartSiteError:
    """The error to raise. A code that a decoder made up becomes `upload.undecodable`."""
    status, sentence = REFUSALS.get(code) or REFUSALS["upload.undecodable"]
    code = code if code in REFUSALS else "upload.undecodable"
    return HeartSiteError(code, sentence.format(**values), http_status=status)
