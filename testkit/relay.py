"""Hands mail to a relay."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

from testkit.server_process import Peer
from testkit.waiting import PATIENCE_S

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterable
    from pathlib import Path

    from testkit.unusual_mail import UnusualMail


def wait_for_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a program listens on a port; fail with its log."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", port), PATIENCE_S).close()
        except OSError:
            time.sleep(0.01)
        else:
            return


def hand_over(port: int, mail: Iterable[UnusualMail], *, bdat: bool = False) -> None:
    """Send mail to a relay, by DATA or BDAT; every message must be accepted."""
    peer = Peer(("127.0.0.1", port))
    peer.greet()
    refused = []
    for kept in mail:
        options = " BODY=8BITMIME" + (" SMTPUTF8" if kept.needs_utf8 else "")
        codes = [peer.ask(f"MAIL FROM:<{kept.sender}>{options}\r\n".encode())]
        codes += [peer.ask(f"RCPT TO:<{recipient}>\r\n".encode()) for recipient in kept.recipients]
        if set(codes) != {250}:
            peer.ask(b"RSET\r\n")
        elif bdat:
            codes.append(peer.ask(b"BDAT %d LAST\r\n%b" % (len(kept.content), kept.content)))
        else:
            peer.ask(b"DATA\r\n")
            codes.append(peer.ask(kept.stuffed))
        if set(codes) != {250}:
            refused.append((kept.name, codes))
    assert refused == []
    peer.close()
