"""Reads the fields of an untrusted JSON message. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Self
from uuid import UUID

_REQUIRED: Any = object()
_SHA256 = re.compile(r"[0-9a-f]{64}")
MAX_COUNT = 2**53  # what JavaScript counts without loss


class ProtocolError(Exception):
    """A message that breaks the protocol. The socket closes with `close_code`, nobody else is disturbed."""

    def __init__(self, code: str, message: str, close_code: int = 4400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.close_code = close_code


def malformed(detail: str) -> ProtocolError:
    return ProtocolError("protocol.malformed", f"The message could not be read: {detail}.")


class Fields:
    """Typed access to one JSON object. ProtocolError when a field is not of the kind asked for."""

    def __init__(self, body: dict[str, Any]) -> None:
        self._body = body

    @classmethod
    def parse(cls, text: str, max_bytes: int) -> Self:
        if len(text) > max_bytes or len(text.encode("utf-8", "surrogatepass")) > max_bytes:
            raise ProtocolError("protocol.too_long", "The message is too long.", 1009)
        try:
            body = json.loads(text, parse_constant=_no_constants)
            # Lone surrogates and NUL are legal JSON and break databases.
            printed = json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8")
        except (ValueError, RecursionError) as error:
            raise malformed("it is not JSON") from error
        if not isinstance(body, dict) or b"\\u0000" in printed:
            raise malformed("it is not a JSON object of plain text")
        return cls(body)

    def _get(self, name: str, kind: type | tuple[type, ...], default: Any) -> Any:
        value = self._body.get(name)
        if value is None:
            if default is _REQUIRED:
                raise malformed(f"{name} is missing")
            return default
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise malformed(f"{name} is of the wrong kind")
        return value

    def text(self, name: str, max_chars: int, default: Any = _REQUIRED) -> Any:
        value = self._get(name, str, default)
        if value and len(value) > max_chars:
            raise malformed(f"{name} is too long")
        return value

    def choice(self, name: str, allowed: Sequence[str]) -> str:
        value = self.text(name, 40)
        if value not in allowed:
            raise malformed(f"{name} is none of {', '.join(allowed)}")
        return value

    def flag(self, name: str, default: Any = _REQUIRED) -> bool:
        return self._get(name, bool, default)

    def number(self, name: str, low: float, high: float, default: Any = _REQUIRED) -> Any:
        value = self._get(name, (int, float), default)
        if value is not default and not low <= value <= high:
            raise malformed(f"{name} is out of range")
        return value

    def count(self, name: str) -> int:
        value = self._get(name, int, _REQUIRED)
        if not 0 <= value <= MAX_COUNT:
            raise malformed(f"{name} is out of range")
        return value

    def numbers(self, name: str) -> tuple[int, ...]:
        value = self._get(name, list, _REQUIRED)
        if not 1 <= len(value) <= 32 or not all(type(item) is int for item in value):
            raise malformed(f"{name} is no list of numbers")
        return tuple(value)

    def mapping(self, name: str) -> dict[str, Any]:
        return self._get(name, dict, {})

    def uuid(self, name: str) -> UUID:
        try:
            return UUID(self.text(name, 45))
        except ValueError as error:
            raise malformed(f"{name} is no UUID") from error

    def sha256(self, name: str) -> str:
        value = self.text(name, 64).lower()
        if not _SHA256.fullmatch(value):
            raise malformed(f"{name} is no SHA-256")
        return value


def _no_constants(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
