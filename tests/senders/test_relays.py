"""Mail servers that relay to us: each brings a hundred odd messages, and all arrive as the relay had them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from support.delivery import assert_delivered
from support.odd_mail import OddMail, make_odd_mail
from support.postfix import running_postfix
from support.relay import hand_over

if TYPE_CHECKING:
    from pathlib import Path

    from support.programs import Process


def with_received(mail: OddMail, kept: bytes) -> bytes:
    """A relay puts one field of its own on top (RFC 5321 section 4.4), and touches nothing else."""
    received = re.match(rb"Received: [^\n]*\r\n(?:[ \t][^\n]*\r\n)*", kept)
    assert received, kept[:200]
    return received[0] + mail.content


@pytest.mark.parametrize("tls", ["none", "encrypt"])
def test_postfix(server: Process, tmp_path: Path, tls: str) -> None:
    """It pipelines, over STARTTLS too. It takes a bare LF for a line end, and ends headers that nothing ends."""
    mail = [
        one
        for one in make_odd_mail(f"postfix-{tls}.example")
        if one.is_whole and one.has_headers and not (one.has_bare_lf or one.has_bare_cr)
    ]
    with running_postfix(tmp_path / "postfix", server.smtp[1], tls) as port:
        hand_over(port, mail)
        assert_delivered(server, mail, with_received)
