"""Rates of their own for what costs more than a read."""

from rest_framework.throttling import UserRateThrottle


class UploadThrottle(UserRateThrottle):
    scope = "upload"
    rate = "60/min"


class TokenThrottle(UserRateThrottle):
    scope = "tokens"
    rate = "20/hour"
