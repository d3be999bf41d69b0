"""What a clinician confirms with an upload. A change of the words is a new version."""

VERSION = "attested-2026-11"
LANGUAGE = "en"
WORDING = (
    "The patient, or a guardian, has given consent: they agree that this recording is stored here "
    "and analysed for their care."
)
