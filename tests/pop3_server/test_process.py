"""The program as a process, on the event loop that it uses there."""

from __future__ import annotations

import poplib
import re
import signal
import smtplib
from typing import TYPE_CHECKING

import pytest
from testkit.sample_mail import letter
from testkit.server_process import serving
from testkit.waiting import PATIENCE_S

from tests.pop3_server.reading import make_certificate

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def test_a_process_serves_all_ways_and_stops_with_a_word(tmp_path: Path) -> None:
    """It prints where it listens; SIGTERM ends an open session by an answer."""
    given, context = make_certificate(tmp_path)
    environ = {"EDGEMAIL_TLS_CERT": given["tls_cert"], "EDGEMAIL_MAX_AGE": "off"}
    with serving(
        tmp_path / "mail.db", EDGEMAIL_POP3="127.0.0.1:0", EDGEMAIL_POP3S="127.0.0.1:0", **environ
    ) as process:
        ports = {
            name: int(port) for name, port in re.findall(r"POP3  (pop3s?)://127.0.0.1:([0-9]+)\n", process.said)
        }
        with smtplib.SMTP(*process.smtp, timeout=PATIENCE_S) as client:
            client.sendmail("a@b.example", ["ann@example.org"], letter("one"))
        ways = [
            poplib.POP3("127.0.0.1", ports["pop3"], timeout=PATIENCE_S),
            poplib.POP3("127.0.0.1", ports["pop3"], timeout=PATIENCE_S),
            poplib.POP3_SSL("127.0.0.1", ports["pop3s"], context=context, timeout=PATIENCE_S),
        ]
        ways[1].stls(context)
        for inbox in ways:
            inbox.user("ann@example.org")
            inbox.pass_("any\u00e9")
            assert b"Subject: one" in inbox.retr(1)[1]
        process.process.send_signal(signal.SIGTERM)
        for inbox in ways:
            assert inbox.file.readline() == b"-ERR [SYS/TEMP] the server stops\r\n"
            inbox.close()
        assert process.wait() == 0
    log = (tmp_path / "log.txt").read_text()
    assert log.count("read by POP3 ip=127.0.0.1 inbox=ann@example.org messages=1 ") == 3
    assert "any" not in log
