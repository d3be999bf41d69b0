"""The one exception that signal code raises at its door."""


class SignalError(Exception):
    """A signal that cannot be processed.

    `code` is a stable machine-readable name such as "signal.too_short"; `message` is a sentence for a person.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def __reduce__(self) -> tuple[type["SignalError"], tuple[str, str]]:
        # Exceptions with two arguments do not survive the default pickling between worker processes.
        return (type(self), (self.code, self.message))
