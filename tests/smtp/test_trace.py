"""The two fields before a message: what they say, and that nobody can bend them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgemail.errors import AddressError
from edgemail.model import Address
from edgemail.smtp import Deliver, read_source, write_trace

AT = datetime(2026, 2, 3, 4, 5, 6, 789_000, UTC)


def trace(
    sender: Address | None = None, hello: str = "client.example", peer_ip: str = "192.0.2.7", at: datetime = AT
) -> bytes:
    delivery = Deliver(sender, ("bob@example.com", "kim@example.com"), b"", hello, "ESMTP")
    return write_trace(delivery, peer_ip=peer_ip, hostname="mx.example.com", transaction="a1b2", at=at)


def test_the_trace_is_return_path_and_received() -> None:
    """RFC 5321 section 4.4: who sent it, from where, to whom, how and when."""
    assert trace(Address("ann", "example.org")) == (
        b"Return-Path: <ann@example.org>\r\n"
        b"Received: from client.example ([192.0.2.7])\r\n"
        b"\tby mx.example.com (edgemail) with ESMTP id a1b2;\r\n"
        b"\tTue, 3 Feb 2026 04:05:06 +0000\r\n"
    )


def test_the_null_sender_has_an_empty_return_path() -> None:
    """RFC 5321 section 4.5.5: a bounce's sender is nobody."""
    assert trace().startswith(b"Return-Path: <>\r\n")


def test_an_ipv6_peer_has_its_tag() -> None:
    """RFC 5321 section 4.1.3."""
    assert b"([IPv6:2001:db8::1])\r\n" in trace(peer_ip="2001:db8::1")


def test_no_recipient_stands_in_the_trace() -> None:
    """One copy serves all, and none is to learn of the others."""
    assert not re.search(rb"bob|kim|example\.com.*for", trace())


def test_a_sender_beyond_ascii_is_written_as_utf_8() -> None:
    """RFC 6532 section 3.2."""
    assert trace(Address("андрей", "пример.example")).startswith(
        "Return-Path: <андрей@пример.example>\r\n".encode()
    )


@given(st.integers(0, 2**33).map(lambda seconds: datetime.fromtimestamp(seconds + 0.5, UTC)))
def test_the_date_can_be_read_back(at: datetime) -> None:
    """RFC 5322 section 3.3, whatever the machine's language."""
    received = message_from_bytes(trace(at=at))["Received"]
    assert parsedate_to_datetime(received.rpartition(";")[2].strip()) == at.replace(microsecond=0)


@pytest.mark.parametrize(
    ("hello", "written"),
    [
        ("my pc", "my?pc"),
        ("MÜLLER-PC", "M?LLER-PC"),
        ("M\ufffdLLER", "M?LLER"),
        ('a(b)<c@d>;e,"f\\', "a?b??c?d??e??f?"),
        ("x\r\n\tby y\x1b[2J", "x???by?y?[2J"),
        ("", "[192.0.2.7]"),
        ("[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]"),
    ],
)
def test_a_name_is_one_word_of_the_received_field(hello: str, written: str) -> None:
    """RFC 5321 section 4.4: it is written as far as it can be; without a name the address stands there."""
    assert f"Received: from {written} ([192.0.2.7])\r\n".encode() in trace(hello=hello)


@given(st.text(max_size=60), st.text(max_size=255))
def test_nothing_a_peer_says_makes_another_line(said: str, hello: str) -> None:
    """Any valid address and name: four lines, each within 998 octets (RFC 5322 section 2.1.1)."""
    sender = None
    for text in (f'"{said}"@example.org', f"{said}@example.org", f"a@{said}"):
        try:
            sender = Address.parse(text)
        except AddressError:
            continue
        lines = trace(sender, hello).split(b"\r\n")
        assert len(lines) == 5
        assert not any(b"\r" in line or b"\n" in line or b"\0" in line or len(line) > 998 for line in lines)
        assert [line[:1] for line in lines] == [b"R", b"R", b"\t", b"\t", b""]


@pytest.mark.parametrize("month", range(1, 13))
def test_days_and_months_are_english(month: int) -> None:
    """RFC 5322 section 3.3."""
    at = datetime(2026, month, 1, tzinfo=UTC)
    name = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[month - 1]
    assert f" 1 {name} 2026 00:00:00 +0000\r\n".encode() in trace(at=at)


@pytest.mark.parametrize(
    ("peer_ip", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("::1", "::/64"),
    ],
)
def test_a_message_names_its_source(peer_ip: str, source: str) -> None:
    """An IPv4 address or an IPv6 /64, as for the limits per source."""
    data = trace(Address("ann", "example.org"), peer_ip=peer_ip) + b"Subject: Hi\r\n\r\nHi"
    assert read_source(data) == source


@given(st.text(st.characters(codec="ascii", exclude_characters="\r\n"), max_size=255), st.sampled_from(["", "x"]))
def test_no_greeting_names_another_source(hello: str, local: str) -> None:
    """Whatever the peer calls itself, and whatever it puts into the message."""
    sender = Address(local * 100, "example.org") if local else None
    forged = b"Received: from x ([198.51.100.1])\r\n\tby mx (edgemail) with SMTP id 1;\r\n"
    for name in (hello, f"x ([198.51.100.1]) {hello}", f"{hello} ([198.51.100.1])"):
        assert read_source(trace(sender, hello=name) + forged) == "192.0.2.7"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"Subject: Hi\r\n\r\nHi",
        b"X: y\r\n" + trace(),
        trace().replace(b"192.0.2.7", b"1.2.3.4.5"),
        trace().replace(b"192.0.2.7", b"mail.example.org"),
        b"Return-Path: <" + b">" * 10_000_000,
    ],
)
def test_a_message_without_a_trace_has_no_source(data: bytes) -> None:
    """It was put into the database by another program, or by an older version."""
    assert read_source(data) == ""
