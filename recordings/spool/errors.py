"""Why the journal could not be written."""

from __future__ import annotations

import errno
from typing import Self

from accounts.errors import HeartSiteError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class SpoolError(HeartSiteError):
    @classmethod
    def disk_full(cls) -> Self:
        return cls(
            "spool.disk_full",
            "The clinic's computer has no room left for sound. Make room on its disk, then record again.",
            507,
        )

    @classmethod
    def unavailable(cls) -> Self:
        return cls(
            "spool.unavailable",
            "The clinic's computer cannot write sound to its disk. Keep your recording and tell the clinic.",
            503,
        )

    @classmethod
    def of(cls, error: OSError) -> Self:
        return cls.disk_full() if error.errno in _FULL else cls.unavailable()
