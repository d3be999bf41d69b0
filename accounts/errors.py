"""Named errors: a stable code for programs and a sentence for the person in front of the screen."""

from __future__ import annotations


class HeartSiteError(Exception):
    """A refusal or failure that a person can act on.

    Pages, the API and the sockets all render `code` and `message`; neither ever holds patient data.
    """

    def __init__(self, code: str, message: str, http_status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.http_status = http_status
