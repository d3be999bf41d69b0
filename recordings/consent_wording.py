"""Which words a patient agrees to. A change of the words is a new version; what was agreed to keeps its own."""

VERSION = "2026-11"
LANGUAGES = ("en",)


def current(language: str = "en") -> dict[str, str]:
    return {"version": VERSION, "language": language if language in LANGUAGES else LANGUAGES[0]}
