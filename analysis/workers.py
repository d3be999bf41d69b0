"""Names of workers, and whether the one behind a name is still there."""

from __future__ import annotations

import os
import socket
import threading

NAME_LENGTH = 100


def worker_name() -> str:
    """This thread, as host:process:thread."""
    return f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"[:NAME_LENGTH]


def is_dead(name: str) -> bool:
    """Whether `name` was a process of this host that no longer runs. Of other hosts only a lease can tell."""
    host, _, rest = name.partition(":")
    process_id = rest.partition(":")[0]
    if host != socket.gethostname() or not process_id.isdigit():
        return False
    try:
        os.kill(int(process_id), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
