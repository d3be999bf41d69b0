"""Creations that were asked for under an Idempotency-Key, so that asking again creates nothing."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from accounts.models.clinic import Clinic


class IdempotentRequest(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="+")
    # SHA-256 of the key, and of method, address and body.
    key_hash = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=64)
    # Both empty while the first request is at work.
    status_code = models.PositiveSmallIntegerField(null=True)
    response = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    # When the request that works under this key took it up; a dead one's place may be taken.
    claimed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "clinic", "key_hash"], name="one_request_per_key"),
            models.CheckConstraint(
                condition=models.Q(status_code__isnull=True, response__isnull=True)
                | models.Q(status_code__isnull=False, response__isnull=False),
                name="an_answered_request_has_its_answer",
            ),
        ]

    def __str__(self) -> str:
        return f"Request {str(self.id)[:8]}"
