"""SIGTERM under load: the program ends in time, and mail with a 250 is kept."""

from __future__ import annotations

import contextlib
import signal
import socket
import time
from collections import Counter
from typing import TYPE_CHECKING

import apsw
import pytest
from testkit.http_client import inbox_path
from testkit.server_process import Peer, serving

from tests.faults.test_durability import load_on, tokens_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STOP_S = 1.0
LATEST_S = STOP_S + 7.0
"""`STOP_S` plus slack for a busy machine."""


@contextlib.contextmanager
def locked(db: Path) -> Iterator[None]:
    connection = apsw.Connection(str(db))
    connection.set_busy_timeout(10_000)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.close()


@contextlib.contextmanager
def deaf_reader(url: str) -> Iterator[None]:
    """Request the events of the busy inbox, and read none."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect(("127.0.0.1", int(url.rpartition(":")[2])))
        path = inbox_path("load@example.org", "/events?after=0")
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        yield


@pytest.mark.parametrize("is_locked", [False, True])
def test_a_program_in_trouble_stops_in_time_and_keeps_its_promises(tmp_path: Path, is_locked: bool) -> None:
    """It stops with active, stuck, silent and reset clients, a deaf reader, and a locked database."""
    db = tmp_path / "mail.db"
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(serving(db, EDGEMAIL_SHUTDOWN_TIMEOUT=f"{STOP_S:.0f}s"))
        stack.enter_context(deaf_reader(server.url))
        slow, silent, vanished = (Peer(server.smtp) for _ in range(3))
        for sock in (slow, vanished):
            sock.greet()
            assert sock.begin("load@example.org") == [250, 250, 354]
        slow.say(b"Subject: half")
        vanished.say(b"\r\ntoken=vanished;\r\n.\r\n")
        vanished.vanish()
        with load_on(server, "stop", 200) as senders, locked(db) if is_locked else contextlib.nullcontext():
            began = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(LATEST_S) == 0
            assert time.monotonic() - began < LATEST_S
        slow.close()
        silent.close()
    assert [token for sender in senders for token in sender.unanswered] == []
    assert tokens_in(db) == Counter(["vanished", *(token for sender in senders for token in sender.kept)])
