"""The PROXY protocol's header by itself: versions 1 and 2, however they are cut."""

from __future__ import annotations

import contextlib
import struct
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgemail.listener.proxy import HeaderReader, ProxyError

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
TCP4 = bytes([192, 0, 2, 1, 198, 51, 100, 2]) + struct.pack("!HH", 1000, 25)
TCP6 = ip_address("2001:db8::1").packed + ip_address("2001:db8::2").packed + struct.pack("!HH", 1000, 25)
TLV = b"\x04\x00\x03abc"


def version_2(command: int, family: int, addresses: bytes) -> bytes:
    """Write a header of version 2."""
    return SIGNATURE + bytes([command, family]) + struct.pack("!H", len(addresses)) + addresses


GOOD = [
    (b"PROXY TCP4 192.0.2.1 198.51.100.2 1000 25\r\n", "192.0.2.1"),
    (b"PROXY TCP6 2001:db8::1 2001:db8::2 65535 25\r\n", "2001:db8::1"),
    (b"PROXY TCP6 " + b"ffff:" * 7 + b"ffff ::1 65535 65535\r\n", "ffff:" * 7 + "ffff"),
    (b"PROXY UNKNOWN\r\n", None),
    (b"PROXY UNKNOWN anything at all\r\n", None),
    (b"PROXY UNKNOWN ".ljust(105, b"x") + b"\r\n", None),
    (version_2(0x21, 0x11, TCP4), "192.0.2.1"),
    (version_2(0x21, 0x11, TCP4 + TLV), "192.0.2.1"),
    (version_2(0x21, 0x21, TCP6), "2001:db8::1"),
    (version_2(0x21, 0x21, TCP6 + TLV * 500), "2001:db8::1"),
    (version_2(0x21, 0x31, bytes(216)), None),
    (version_2(0x21, 0x00, b""), None),
    (version_2(0x21, 0x00, TLV), None),
    (version_2(0x20, 0x00, b""), None),
    (version_2(0x20, 0x11, TCP4), None),
    (version_2(0x20, 0x77, b"x"), None),
]
BAD = [
    b"EHLO client.example\r\n",
    b"PROXY\r\n",
    b"proxy TCP4 192.0.2.1 198.51.100.2 1000 25\r\n",
    b"PROXY  TCP4 192.0.2.1 198.51.100.2 1000 25\r\n",
    b"PROXY TCP4 192.0.2.1 198.51.100.2 1000\r\n",
    b"PROXY TCP4 192.0.2.1 198.51.100.2 1000 25 \r\n",
    b"PROXY TCP4 192.0.2.1 198.51.100.2 1000 65536\r\n",
    b"PROXY TCP4 192.0.2.1 198.51.100.2 0100 25\r\n",
    b"PROXY TCP4 192.0.2.1 198.51.100.256 1000 25\r\n",
    b"PROXY TCP4 2001:db8::1 2001:db8::2 1000 25\r\n",
    b"PROXY TCP6 192.0.2.1 198.51.100.2 1000 25\r\n",
    b"PROXY TCP6 fe80::1%eth0 ::1 1000 25\r\n",
    b"PROXY UDP4 192.0.2.1 198.51.100.2 1000 25\r\n",
    b"PROXY UNKNOWNX\r\n",
    b"PROXY UNKNOWN ".ljust(106, b"x") + b"\r\n",
    b"PROXY " + b"x" * 200,
    SIGNATURE[:-1] + b"X",
    version_2(0x11, 0x11, TCP4),
    version_2(0x22, 0x11, TCP4),
    version_2(0x21, 0x11, TCP4[:-1]),
    version_2(0x21, 0x21, TCP4),
    version_2(0x21, 0x31, bytes(215)),
    version_2(0x21, 0x12, TCP4),
    version_2(0x21, 0x77, b""),
    version_2(0x21, 0x11, TCP4 + bytes(65_000)),
]


@pytest.mark.parametrize(("octets", "peer"), GOOD)
def test_a_header_names_a_peer_wherever_it_is_cut(octets: bytes, peer: str | None) -> None:
    """Section 2.1 and 2.2; what is behind it belongs to others, and TLVs are skipped."""
    for place in {*range(min(len(octets), 120)), len(octets)}:
        reader = HeaderReader()
        if 0 < place < len(octets):
            assert reader.feed(octets[:place]) == place
            assert not reader.is_whole
        rest = octets[place:] if place < len(octets) else octets
        assert reader.feed(rest + b"EHLO a\r\n") == len(rest)
        assert reader.is_whole
        assert reader.peer == (None if peer is None else ip_address(peer))


@pytest.mark.parametrize("octets", BAD)
def test_what_is_no_header_is_refused_wherever_it_is_cut(octets: bytes) -> None:
    """Section 2: a receiver must not guess."""
    with pytest.raises(ProxyError):
        HeaderReader().feed(octets)
    with pytest.raises(ProxyError):
        _feed_each(HeaderReader(), octets)


def _feed_each(reader: HeaderReader, octets: bytes) -> None:
    for octet in octets:
        reader.feed(bytes([octet]))


@given(st.one_of(st.binary(), st.binary().map(b"PROXY ".__add__), st.binary(min_size=4).map(SIGNATURE.__add__)))
def test_any_octets_are_a_header_or_none(octets: bytes) -> None:
    """Nothing makes it fail in another way."""
    with contextlib.suppress(ProxyError):
        assert 0 <= HeaderReader().feed(octets) <= len(octets)
