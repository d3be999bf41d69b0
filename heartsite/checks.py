"""What Django's check framework cannot know: rights of the data directory, proxies, the model."""

from __future__ import annotations

import sys
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

OTHERS = 0o077


@register(Tags.security)
def data_directory_is_private(**_) -> list[CheckMessage]:
    if sys.platform == "win32" or not settings.DATA_DIR.stat().st_mode & OTHERS:
        return []
    return [
        Warning(
            f"{settings.DATA_DIR} is open to other users of this machine; it holds recordings and keys.",
            hint=f"chmod 700 {settings.DATA_DIR}",
            id="heartsite.W001",
        )
    ]


@register(Tags.security)
def proxies_are_counted(**_) -> list[CheckMessage]:
    if settings.TRUSTED_PROXIES < 0:
        return [
            Error(
                "TRUSTED_PROXIES is negative.", hint="Set it to the number of proxies.", id="heartsite.E001"
            )
        ]
    if settings.PUBLIC_URL and not settings.TRUSTED_PROXIES:
        return [
            Warning(
                "PUBLIC_URL is set but TRUSTED_PROXIES is 0: everybody seems to come from the proxy's own "
                "address, so that one person's wrong passwords count against all.",
                hint="Set TRUSTED_PROXIES to the number of proxies or tunnels in front, usually 1.",
                id="heartsite.W002",
            )
        ]
    return []


@register()
def public_url_is_an_origin(**_) -> list[CheckMessage]:
    parts = urlsplit(settings.PUBLIC_URL)
    if not settings.PUBLIC_URL or (parts.scheme == "https" and parts.hostname and not parts.path):
        return []
    return [
        Error(
            f"PUBLIC_URL is {settings.PUBLIC_URL!r}.",
            hint="Give a whole https origin without a path, such as https://heart.example.org",
            id="heartsite.E002",
        )
    ]


@register()
def model_is_there(**_) -> list[CheckMessage]:
    if (settings.MODEL_DIR / "artefact.json").is_file():
        return []
    return [
        Warning(
            f"There is no model in {settings.MODEL_DIR}: recordings are stored, analyses fail.",
            hint="Set MODEL_DIR to a directory that export_model wrote; unset, it is the one that ships.",
            id="heartsite.W003",
        )
    ]
