"""Relays: each forwards a hundred unusual messages, which must arrive unchanged."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from testkit.delivery import assert_delivered
from testkit.exim import running_exim
from testkit.postfix import running_postfix
from testkit.relay import hand_over
from testkit.unusual_mail import UnusualMail, make_unusual_mail

if TYPE_CHECKING:
    from pathlib import Path

    from testkit.server_process import Process


pytestmark = pytest.mark.slow


def with_received(mail: UnusualMail, kept: bytes) -> bytes:
    """Remove the relay's Received: field (RFC 5321 section 4.4), and nothing else."""
    received = re.match(rb"Received: [^\n]*\r\n(?:[ \t][^\n]*\r\n)*", kept)
    assert received, kept[:200]
    return received[0] + mail.content


@pytest.mark.needs_postfix
@pytest.mark.needs_root
@pytest.mark.parametrize("tls", ["none", "encrypt"])
def test_postfix(server: Process, tmp_path: Path, tls: str) -> None:
    """Postfix pipelines. It takes a bare LF for a line end, and terminates open headers."""
    mail = [
        mail
        for mail in make_unusual_mail(f"postfix-{tls}.example")
        if mail.is_whole and mail.has_headers and not (mail.has_bare_lf or mail.has_bare_cr)
    ]
    with running_postfix(tmp_path / "postfix", server.smtp[1], tls) as port:
        hand_over(port, mail)
        assert_delivered(server, mail, with_received)


@pytest.mark.needs_exim
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "starttls"])
def test_exim(server: Process, tmp_path: Path, *, tls: bool) -> None:
    """Exim forwards BDAT as BDAT, with NUL and bare LF. It folds headers at a bare CR."""
    mail = [
        mail
        for mail in make_unusual_mail(f"exim-{'tls' if tls else 'plain'}.example")
        if mail.is_whole and mail.has_headers and mail.name != "bare-cr-in-header"
    ]
    assert any(kept.has_bare_lf for kept in mail)
    assert any(kept.has_nul for kept in mail)
    with running_exim(tmp_path / "exim", server.smtp[1], tls=tls) as port:
        hand_over(port, mail, bdat=True)
        assert_delivered(server, mail, with_received)
