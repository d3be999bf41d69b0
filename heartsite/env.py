"""The only place that reads the environment.

A missing or malformed value names its variable and how to set it.
"""

from __future__ import annotations

from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
if (BASE_DIR / ".env").is_file():
    env.read_env(BASE_DIR / ".env")


def data_dir() -> Path:
    """Where the database, media, spool, secrets and certificates live.

    Made on first use, readable by the owner alone.
    """
    path = Path(env.str("HEARTSITE_DATA_DIR", default=str(BASE_DIR / "data"))).expanduser().resolve()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(
            f"HEARTSITE_DATA_DIR is {path}, which cannot be made: {error.strerror}. "
            "Set it to a directory that this user may write."
        ) from error
    return path


def debug() -> bool:
    """DEBUG is off unless asked for."""
    value = env.str("DJANGO_DEBUG", default="0").strip().lower()
    if value not in ("", "0", "1", "false", "true"):
        raise ImproperlyConfigured(f"DJANGO_DEBUG is {value!r}; set it to 0 or 1.")
    return value in ("1", "true")


def trusted_proxies() -> int:
    """How many proxies stand in front; each appends one address to X-Forwarded-For."""
    return _checked("TRUSTED_PROXIES", env.int, default=0, expected="a whole number")


def inference_engine() -> str:
    value = env.str("INFERENCE_ENGINE", default="auto")
    allowed = ("auto", "onnx", "litert", "keras")
    if value not in allowed:
        raise ImproperlyConfigured(f"INFERENCE_ENGINE is {value!r}; set it to one of {', '.join(allowed)}.")
    return value


def _checked(name, read, *, default, expected):
    try:
        return read(name, default=default)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is {env.str(name)!r}; set it to {expected}.") from error
