"""The two header fields that final delivery adds to a message (RFC 5321 section 4.4)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import IPv6Network, ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgemail.smtp.outputs import Deliver

TRACE_MAX_BYTES = 2048
"""The two fields up to the peer's address are shorter: a path has 512 octets at most, a greeting 255."""

# A greeting may hold anything but a line end: the address is the last thing in its line.
_PEER = re.compile(
    rb"Return-Path: <[^\r\n]*>\r\nReceived: from [^\r\n]* \(\[(?:IPv6:)?([0-9A-Fa-f:.]{2,45})\]\)\r\n\tby "
)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9.:_\[\]-]+")
# What is not printable ASCII, and what RFC 5322 section 3.2 gives a meaning of its own in the field.
_UNCLEAR = re.compile(r"[^!-~]|[()<>@,;\\\"]")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def write_trace(delivery: Deliver, *, peer_ip: str, hostname: str, transaction: str, at: datetime) -> bytes:
    """Write ``Return-Path:`` and ``Received:``; `at` is in UTC; `transaction` is its id in the log.

    It names no recipient: all of them get one copy, and must not learn of each other.
    """
    sender = "" if delivery.sender is None else str(delivery.sender)
    literal = f"[IPv6:{peer_ip}]" if ":" in peer_ip else f"[{peer_ip}]"
    return (
        f"Return-Path: <{sender}>\r\n"
        f"Received: from {_write_name(delivery.hello) or literal} ({literal})\r\n"
        f"\tby {hostname} (edgemail) with {delivery.protocol} id {transaction};\r\n"
        f"\t{_write_date(int(at.timestamp()))}\r\n"
    ).encode()


@lru_cache(256)
def _write_name(name: str) -> str:
    """Write the peer's name for itself so that it cannot be taken for more than a word."""
    return name if _PLAIN_NAME.fullmatch(name) else _UNCLEAR.sub("?", name)


def read_source(data: bytes) -> str:
    """Read from a stored message's trace which source sent it; return ``""`` where it has no trace of ours.

    A source is an IPv4 address or an IPv6 /64, as for the limits per source.
    """
    found = _PEER.match(data[:TRACE_MAX_BYTES])
    return "" if found is None else _name_source(found[1].decode())


@lru_cache(4096)
def _name_source(peer_ip: str) -> str:
    try:
        address = ip_address(peer_ip)
    except ValueError:
        return ""
    return str(address) if address.version == 4 else str(IPv6Network((int(address) >> 64 << 64, 64)))


@lru_cache(1)
def _write_date(second: int) -> str:
    """Write a time in seconds of the epoch; cached, as many messages share it."""
    at = datetime.fromtimestamp(second, UTC)
    # Not by strftime: its names of days and months depend on the locale.
    return (
        f"{_DAYS[at.weekday()]}, {at.day} {_MONTHS[at.month - 1]} {at.year} "
        f"{at.hour:02}:{at.minute:02}:{at.second:02} +0000"
    )
