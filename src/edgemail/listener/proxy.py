"""The header of the PROXY protocol, in which a proxy names its peer: octets in, an address out.

HAProxy's "The PROXY protocol, versions 1 and 2", section 2.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address

MAX_OCTETS = 4096
"""The longest header. Version 2 can announce 64 KiB, but its addresses take at most 232."""

_V1_MAX_OCTETS = 107
_V1_BEGIN = b"PROXY "
_V1_TCP = re.compile(
    rb"(TCP[46]) ([0-9A-Fa-f.:]{2,45}) ([0-9A-Fa-f.:]{2,45}) (0|[1-9][0-9]{0,4}) (0|[1-9][0-9]{0,4})"
)
_V1_UNKNOWN = re.compile(rb"UNKNOWN(?: [^\r\n]*)?")

_V2_BEGIN = b"\r\n\r\n\x00\r\nQUIT\n"
_V2_FIXED_OCTETS = 16
_V2_LOCAL, _V2_PROXY = 0x20, 0x21
_V2_ANYONE, _V2_TCP4, _V2_TCP6, _V2_UNIX = 0x00, 0x11, 0x21, 0x31
_V2_ADDRESSES_OCTETS = {_V2_ANYONE: 0, _V2_TCP4: 12, _V2_TCP6: 36, _V2_UNIX: 216}


class ProxyError(ValueError):
    """The octets are no PROXY header, or not one for a TCP connection."""


class HeaderReader:
    """Reads one header, wherever the stream is cut."""

    def __init__(self) -> None:
        self._buffer = b""
        self.is_whole = False
        self.peer: IPv4Address | IPv6Address | None = None
        """The peer that the proxy names; `None` where it speaks for itself or names none."""

    def feed(self, octets: bytes) -> int:
        """Take octets; return how many of them belong to the header.

        Raises:
            ProxyError: they do not begin with a header. Feed no more then.
        """
        held = len(self._buffer)
        self._buffer += octets
        end = self._find_end()
        if end is None:
            return len(octets)
        self.is_whole = True
        return end - held

    def _find_end(self) -> int | None:
        """Return where the header ends, and read it, once it is whole."""
        buffer = self._buffer
        if buffer.startswith(_V2_BEGIN):
            return self._find_v2_end()
        if buffer.startswith(_V1_BEGIN):
            return self._find_v1_end()
        if not (_V1_BEGIN.startswith(buffer) or _V2_BEGIN.startswith(buffer)):
            raise ProxyError("no PROXY header")
        return None

    def _find_v1_end(self) -> int | None:
        end = self._buffer.find(b"\r\n", 0, _V1_MAX_OCTETS)
        if end >= 0:
            self.peer = _read_v1(self._buffer[len(_V1_BEGIN) : end])
            return end + 2
        if len(self._buffer) >= _V1_MAX_OCTETS:
            raise ProxyError("a PROXY line that is too long")
        return None

    def _find_v2_end(self) -> int | None:
        buffer = self._buffer
        if len(buffer) < _V2_FIXED_OCTETS:
            return None
        end = _V2_FIXED_OCTETS + int.from_bytes(buffer[14:16], "big")
        if end > MAX_OCTETS:
            raise ProxyError("a PROXY header that is too long")
        if len(buffer) < end:
            return None
        self.peer = _read_v2(buffer[12], buffer[13], buffer[_V2_FIXED_OCTETS:end])
        return end


def _read_v1(words: bytes) -> IPv4Address | IPv6Address | None:
    if _V1_UNKNOWN.fullmatch(words):
        return None
    match = _V1_TCP.fullmatch(words)
    if match is None:
        raise ProxyError("a PROXY line that is not well-formed")
    family = IPv4Address if match[1] == b"TCP4" else IPv6Address
    try:
        source, _ = family(match[2].decode()), family(match[3].decode())
    except ValueError:
        raise ProxyError("a PROXY line with a wrong address") from None
    if max(int(match[4]), int(match[5])) > 65_535:
        raise ProxyError("a PROXY line with a wrong port")
    return source


def _read_v2(version_and_command: int, family: int, addresses: bytes) -> IPv4Address | IPv6Address | None:
    """Read a header of version 2; its TLVs, behind the addresses, are skipped."""
    if version_and_command == _V2_LOCAL:  # a health check of the proxy
        return None
    if version_and_command != _V2_PROXY:
        raise ProxyError("a PROXY header of another version or command")
    least_octets = _V2_ADDRESSES_OCTETS.get(family)
    if least_octets is None or len(addresses) < least_octets:
        raise ProxyError("a PROXY header for another protocol, or without its addresses")
    if family == _V2_TCP4:
        return IPv4Address(addresses[:4])
    return IPv6Address(addresses[:16]) if family == _V2_TCP6 else None
