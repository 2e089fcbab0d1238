"""Peers that must wait for 354; here it matters how a stream is cut into packets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgemail.smtp import Close, Deliver, Session, SessionRules
from tests.smtp.streams import codes, run

_RULES = SessionRules("mx.example.net", enforces_sync=True)
_GROUP = b"EHLO a\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n"
_BODY = b"Hi.\r\n.\r\n"


def test_a_message_that_did_not_wait_for_354_is_refused() -> None:
    """DATA ends a group of commands (RFC 2920 section 3.1); a page that posts mail cannot wait."""
    outputs = run(Session(_RULES), [_GROUP + _BODY])
    assert codes(outputs) == [250, 250, 250, 554]
    assert isinstance(outputs[-1], Close)


def test_a_message_behind_354_is_taken_and_so_is_a_group_of_commands() -> None:
    """What may be pipelined stays so."""
    session = Session(_RULES)
    outputs = run(session, [_GROUP, _BODY + _GROUP[8:], _BODY])
    assert codes(outputs) == [250, 250, 250, 354, 250, 250, 250, 354, 250]
    assert sum(isinstance(output, Deliver) for output in outputs) == 2


def test_chunks_need_no_354() -> None:
    """RFC 3030 section 2: BDAT is pipelined with its octets."""
    outputs = run(Session(_RULES), [_GROUP[:-6] + b"BDAT 3 LAST\r\nHi.QUIT\r\n"])
    assert codes(outputs) == [250, 250, 250, 250, 221]


@pytest.mark.parametrize("refused", [b"DATA\r\nQUIT\r\n", b"DATA x\r\nQUIT\r\n"])
def test_a_refused_data_ends_no_group(refused: bytes) -> None:
    """There is no 354 to wait for."""
    outputs = run(Session(_RULES), [b"EHLO a\r\nMAIL FROM:<a@x>\r\n" + refused])
    assert codes(outputs)[2] in (501, 503)
    assert codes(outputs)[3] == 221


def test_peers_that_are_trusted_may_send_all_at_once() -> None:
    """Scripts do."""
    outputs = run(Session(replace(_RULES, enforces_sync=False)), [_GROUP + _BODY])
    assert codes(outputs) == [250, 250, 250, 354, 250]
