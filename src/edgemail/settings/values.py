"""Types of values that settings have."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Final

KIB: Final = 1024
MIB: Final = 1024**2
GIB: Final = 1024**3

Network = IPv4Network | IPv6Network

LOOPBACK: tuple[Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1"))
"""The networks on which a machine talks to itself."""

PRIVATE: tuple[Network, ...] = (
    *LOOPBACK,
    IPv4Network("10.0.0.0/8"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.168.0.0/16"),
    IPv4Network("169.254.0.0/16"),
    IPv4Network("100.64.0.0/10"),  # shared address space (RFC 6598): some clusters and VPNs use it
    IPv6Network("fc00::/7"),
    IPv6Network("fe80::/10"),
)
"""The networks of one's own: loopback, private, link-local and shared ones."""

EVERYWHERE: tuple[Network, ...] = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))
"""Every address."""

MEMORY: Final = "memory"
"""The database that is kept in memory; a file of that name is ``./memory``."""


def is_server_url(db: str) -> bool:
    """Return True if a database is named by the URL of a server, not by a file's path."""
    return "://" in db


@dataclass(frozen=True, slots=True)
class FreeSpace:
    """Either a share of a disk in percent or a number of octets; the other of the two is 0."""

    percent: float = 0.0
    octets: int = 0
