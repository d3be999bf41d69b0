"""Named failures of model files and engines. Both carry a stable code and a sentence for people."""

from __future__ import annotations


class InferenceError(Exception):
    """A model cannot be used.

    Parameters
    ----------
    code : stable dotted name for programs, such as ``artefact.hash_mismatch``.
    message : one sentence saying what is wrong and, where possible, what to do.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def __reduce__(self) -> tuple[type[InferenceError], tuple[str, str]]:
        # Exceptions with two arguments do not survive the default pickling between worker processes.
        return (type(self), (self.code, self.message))


class ArtefactError(InferenceError):
    """A model directory is missing, damaged, or written for another version of the software."""


class EngineError(InferenceError):
    """The requested inference engine is not installed or cannot run this model."""
