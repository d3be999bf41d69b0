"""What a clinician confirms with an upload. A change of the words is a new version."""

VERSION = "attested-2026-11"
LANGUAGE = "en"
WORDING = (
    "I confirm that the patient, or a guardian, has agreed that this recording is stored here "
    "and analysed for their care."
)
