"""A token bucket: an average byte rate with a bounded burst. Pure; the time is passed in."""

from __future__ import annotations


class TokenBucket:
    def __init__(self, *, bytes_per_s: float, burst_bytes: float, now_s: float) -> None:
        self._bytes_per_s = bytes_per_s
        self._burst_bytes = burst_bytes
        self._available = burst_bytes
        self._filled_at_s = now_s

    def take(self, n_bytes: int, now_s: float) -> bool:
        """Whether `n_bytes` fit into the rate now; if not, nothing is taken."""
        gained = max(0.0, now_s - self._filled_at_s) * self._bytes_per_s
        self._available = min(self._burst_bytes, self._available + gained)
        self._filled_at_s = now_s
        if n_bytes > self._available:
            return False
        self._available -= n_bytes
        return True
