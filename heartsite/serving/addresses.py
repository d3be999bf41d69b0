"""Where a phone on the same network can reach this machine."""

from __future__ import annotations

import ipaddress
import socket

# Connecting a datagram socket sends nothing: the kernel only picks the interface it would use.
ROUTE_PROBES = ("192.0.2.1", "10.255.255.254", "192.168.255.254", "172.31.255.254")
SIOCGIFADDR = 0x8915


def lan_addresses() -> list[str]:
    """IPv4 addresses of this machine that others may reach, the default route's first.

    Empty without a network.
    """
    found: dict[str, None] = {}
    for address in (*_routed_addresses(), *_interface_addresses(), *_resolved_addresses()):
        if not ipaddress.ip_address(address).is_loopback and not ipaddress.ip_address(address).is_unspecified:
            found.setdefault(address)
    return list(found)


def host_names() -> list[str]:
    """This machine's name as others may type it: the name itself and its multicast-DNS form."""
    name = socket.gethostname().split(".")[0].lower()
    return [name, f"{name}.local"] if name and name != "localhost" else []


def is_loopback(host: str) -> bool:
    """Whether `host` (an address or a name, brackets allowed) means this machine alone."""
    host = host.strip("[]").lower()
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _routed_addresses() -> list[str]:
    found = []
    for probe in ROUTE_PROBES:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probing:
            try:
                probing.connect((probe, 9))
            except OSError:
                continue
            found.append(probing.getsockname()[0])
    return found


def _interface_addresses() -> list[str]:
    """What Linux says of each interface; other systems answer through the resolver below."""
    try:
        import fcntl
    except ImportError:
        return []
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _, name in socket.if_nameindex():
            try:
                answer = fcntl.ioctl(asking.fileno(), SIOCGIFADDR, name.encode()[:15].ljust(256, b"\0"))
            except OSError:
                continue
            found.append(socket.inet_ntoa(answer[20:24]))
    return found


def _resolved_addresses() -> list[str]:
    try:
        answers = socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
    except OSError:
        return []
    return [str(answer[4][0]) for answer in answers]
