"""The envelope in header fields: what is written is read back, and other servers' fields are understood."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgemail.archive.envelope_fields import read_envelope, write_envelope
from edgemail.errors import AddressError
from edgemail.model import Address

MESSAGE = b"Received: from a by b;\r\n\tdate\r\nSubject: x\r\n\r\nDelivered-To: no@field.org\r\n"


@pytest.mark.parametrize("sender", ["", "a@b.org", '"a, <b>"@c.org', "jürgen@exämple.org"])
@pytest.mark.parametrize(
    "recipients", [("k@x.org",), ("k@x.org", "l@x.org"), ('"a, b>"@x.org', '"c\\"<"@x.org', "ü@x.org")]
)
def test_an_envelope_is_read_as_it_was_written(sender: str, recipients: tuple[str, ...]) -> None:
    """Only the fields of the envelope are no part of the message."""
    written = write_envelope(sender, recipients)
    found = read_envelope(written + MESSAGE)
    assert ("" if found.sender is None else str(found.sender)) == sender
    assert (found.recipients, found.length, found.is_own, found.knows_sender) == (
        recipients,
        len(written),
        True,
        True,
    )


def test_a_hundred_long_recipients_fit() -> None:
    """An address has 510 octets at most, a transaction 100 recipients."""
    recipients = tuple(f"{'x' * 240}{number:03}@{'y' * 60}.{'z' * 60}.{'y' * 60}.org" for number in range(100))
    written = write_envelope("", recipients)
    assert read_envelope(written + MESSAGE).recipients == recipients


@pytest.mark.parametrize(
    ("head", "sender", "recipients", "length"),
    [
        (
            b"Return-Path: <a@b.org>\r\nX-Original-To: k@x.org\r\nDelivered-To: real@x.org\r\n",
            "a@b.org",
            ["k@x.org"],
            24,
        ),
        (b"Delivered-To: k@x.org\nReceived: x\nReturn-Path: <a@b.org>\n", "a@b.org", ["k@x.org"], 0),
        (b"Return-path: a@b.org\nEnvelope-to: k@x.org\nDelivery-date: x\n", "a@b.org", ["k@x.org"], 21),
        (b"Return-Path: <>\nDelivered-To: kim\nDelivered-To: lee\n", "", ["kim", "lee"], 16),
        (b"X-Envelope-To: <k@x.org>\r\nX-Envelope-To: <l@x.org>\r\n", None, ["k@x.org"], 26),
        (b"Subject: x\r\nX-Envelope-To: k@x.org\r\n", None, ["k@x.org"], 0),
        (b"Return-Path: <no address>\r\nDelivered-To: k@x.org\r\n", None, ["k@x.org"], 0),
        (b"Return-Path:\r\n", None, [], 0),
        (b"Subject: x\r\n\r\nDelivered-To: k@x.org\r\n", None, [], 0),
        (b"", None, [], 0),
    ],
)
def test_fields_of_other_servers(head: bytes, sender: str | None, recipients: list[str], length: int) -> None:
    """Of Postfix, Gmail, Exim and qmail. They stay in the message, but a valid Return-Path at its beginning."""
    found = read_envelope(head)
    assert found.knows_sender == (sender is not None)
    assert str(found.sender or "") == (sender or "")
    assert (list(found.recipients), found.length) == (recipients, length)


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text('Return-Path: <>@.\r\n\t"\\,x', max_size=200).map(str.encode))
def test_nothing_raises(octets: bytes) -> None:
    """What is read as a sender is one."""
    found = read_envelope(b"Return-Path: " + octets)
    assert found.length <= len(octets) + 13
    if found.sender is not None:
        try:
            assert Address.parse(str(found.sender)) == found.sender
        except AddressError:
            pytest.fail("it is no address")


@pytest.mark.parametrize(
    "piece", [b"A:b\r\n", b"A:\r\n b", b"X-Envelope-To: <", b'X-Envelope-To: "', b"Delivered-To: <a,<", b"\0"]
)
def test_hostile_heads_take_linear_time(piece: bytes) -> None:
    """The head that is looked at is bounded as well."""
    assert read_envelope(piece * (256 * 1024 // len(piece))).length >= 0
