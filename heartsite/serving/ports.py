"""A busy port is named before anything starts, with its owner where the system tells, and with what to do."""

from __future__ import annotations

import errno
import socket
import sys
from pathlib import Path


class PortBusyError(Exception):
    """The sentence says which port, who holds it, and which option picks another."""


def require_free(host: str, port: int, *, option: str) -> None:
    """Raise PortBusyError unless `host:port` can be listened on now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trying:
        if sys.platform != "win32":
            # Connections of a server that just ended may linger; they do not hold the port.
            trying.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trying.bind((host, port))
        except OSError as error:
            raise PortBusyError(_explain(error, host, port, option)) from error


def _explain(error: OSError, host: str, port: int, option: str) -> str:
    if error.errno == errno.EADDRINUSE:
        owner = owner_of(port)
        find = "netstat -ano" if sys.platform == "win32" else f"lsof -i :{port}"
        who = f"by {owner}" if owner else f"by another program (`{find}` names it)"
        return f"Port {port} is in use {who}. End that program, or choose another port: {option} {port + 1}."
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than this user has. Choose another: {option} {port + 8000}."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"This machine has no address {host}. Use one of its own, or --host 0.0.0.0 for all."
    return f"Port {port} on {host} cannot be opened: {error.strerror}."


def owner_of(port: int) -> str:
    """ "python3 (process 4711)" on Linux when the process is ours to see; empty otherwise."""
    inodes = _listening_inodes(port)
    if not inodes:
        return ""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            links = {str(link.readlink()) for link in (process / "fd").iterdir()}
            name = (process / "comm").read_text().strip()
        except OSError:
            continue
        if links & {f"socket:[{inode}]" for inode in inodes}:
            return f"{name} (process {process.name})"
    return ""


def _listening_inodes(port: int) -> set[str]:
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            listens = fields[3] == "0A"
            if listens and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(fields[9])
    return inodes
