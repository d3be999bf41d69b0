"""Creation that may be asked for twice: the header Idempotency-Key makes the second request an echo of the first.

The key is the client's, up to 255 characters, and holds for a day, for one person in one clinic. The same key with
another request is refused (409 `idempotency.mismatch`); while the first is at work the second is told so (409
`idempotency.in_progress`). Only successes are kept: what was refused can be corrected and sent under the same key.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.errors import HeartSiteError
from accounts.models import IdempotentRequest

HEADER = "Idempotency-Key"
KEPT_FOR = timedelta(days=1)
# Longer than any request takes; after that the worker of the first one is taken for dead.
ABANDONED_AFTER = timedelta(minutes=5)
MAX_KEY_CHARS = 255


class IdempotentCreateMixin:
    """A view whose `create_once(request, number)` creates.

    `number` is the same for every attempt under one key, None without a key.
    """

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(HEADER)
        if key is None:
            return self.create_once(request, None)
        return once(request, key, lambda number: self.create_once(request, number))

    def create_once(self, request: Request, number: UUID | None) -> Response:
        raise NotImplementedError


def once(request: Request, key: str, create: Callable[[UUID], Response]) -> Response:
    """The response of `create`, or of the earlier request under `key`."""
    if not (0 < len(key) <= MAX_KEY_CHARS and key.isascii() and key.isprintable()):
        raise HeartSiteError(
            "idempotency.key", f"An {HEADER} is 1 to {MAX_KEY_CHARS} printable ASCII characters."
        )
    claim, is_ours = _claim(request, key)
    if not is_ours:
        return _echo(claim)
    try:
        response = create(claim.pk)
    except BaseException:
        claim.delete()
        raise
    claim.status_code = response.status_code
    claim.response = json.loads(JSONRenderer().render(response.data))
    claim.save(update_fields=["status_code", "response"])
    return response


def refuse_key(request: Request) -> None:
    """For creations whose answer must not be kept."""
    if HEADER in request.headers:
        raise HeartSiteError(
            "idempotency.unsupported",
            f"This request takes no {HEADER}: its answer holds a secret, which is never kept.",
        )


def _claim(request: Request, key: str) -> tuple[IdempotentRequest, bool]:
    """The row of this key, and whether it is for us to do the work."""
    now = timezone.now()
    IdempotentRequest.objects.filter(created_at__lt=now - KEPT_FOR).delete()
    owner = {
        "user": request.user,
        "clinic": request.user.active_clinic,
        "key_hash": hashlib.sha256(key.encode()).hexdigest(),
    }
    fingerprint = fingerprint_of(request)
    try:
        with transaction.atomic():
            return IdempotentRequest.objects.create(**owner, fingerprint=fingerprint), True
    except IntegrityError:
        found = IdempotentRequest.objects.filter(**owner).first()
    if found is None:
        raise _in_progress()
    if found.fingerprint != fingerprint:
        raise HeartSiteError(
            "idempotency.mismatch", f"This {HEADER} was used for another request. Take a new one.", 409
        )
    abandoned = IdempotentRequest.objects.filter(
        pk=found.pk, status_code=None, claimed_at__lt=now - ABANDONED_AFTER
    )
    return found, bool(abandoned.update(claimed_at=now))


def _echo(found: IdempotentRequest) -> Response:
    if found.status_code is None:
        raise _in_progress()
    return Response(found.response, status=found.status_code, headers={"Idempotency-Replayed": "true"})


def _in_progress() -> HeartSiteError:
    return HeartSiteError(
        "idempotency.in_progress",
        f"The first request under this {HEADER} is still at work. Ask again soon.",
        409,
    )


def fingerprint_of(request: Request) -> str:
    """SHA-256 of method, address and everything in the body, files included."""
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}".encode())
    data = request.data
    if hasattr(data, "lists"):
        data = {name: values for name, values in data.lists() if name not in request.FILES}
    digest.update(json.dumps(data, sort_keys=True, default=str).encode())
    for name in sorted(request.FILES):
        for file in request.FILES.getlist(name):
            digest.update(f"\n{name} {file.name} {file.size}\n".encode())
            _add_file(digest, file)
    return digest.hexdigest()


def _add_file(digest: Any, file: UploadedFile) -> None:
    for piece in file.chunks():
        digest.update(piece)
    file.seek(0)
