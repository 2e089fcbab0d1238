"""Attacks by POP3, beside an honest sender, an honest reader over HTTP and one by POP3."""

from __future__ import annotations

import contextlib
import poplib
import re
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest
from testkit.honest_work import HONEST, Honest, send, wait_for_reads
from testkit.hostile_peers import count_descriptors, measure_memory, raise_own_limit
from testkit.sample_mail import letter
from testkit.server_process import Process, serving
from testkit.time_limit import bounded
from testkit.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["bounded"]

pytestmark = pytest.mark.slow

MIB = 2**20
MEMORY_BYTES = 300 * MIB
READ_S = 7.0
LOGIN = b"USER eve@example.org\r\nPASS x\r\n"
ATTACKERS = 300


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Process]:
    raise_own_limit()
    with serving(
        tmp_path / "mail.db",
        EDGEMAIL_POP3="127.0.0.1:0",
        EDGEMAIL_TRUSTED=HONEST,
        EDGEMAIL_MAX_AGE="off",
        EDGEMAIL_ALLOW_HTTP_SOURCES="127.0.0.0/8",
        EDGEMAIL_MAX_POP3_CONNECTIONS="200",
    ) as process:
        yield process


def port_of(server: Process) -> int:
    match = re.search(r"pop3://127.0.0.1:([0-9]+)", server.said)
    assert match
    return int(match[1])


def dial(server: Process, number: int, octets: bytes = b"") -> socket.socket:
    """Connect from an address of a stranger's own, and say something."""
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.settimeout(PATIENCE_S)
    peer.bind((f"127.7.{number // 10 % 250}.{number % 10 + 1}", 0))
    peer.connect(("127.0.0.1", port_of(server)))
    with contextlib.suppress(ConnectionError):
        peer.sendall(octets)
    return peer


class HonestPop3:
    """Who reads one inbox again and again, and what that takes."""

    def __init__(self, server: Process) -> None:
        self._port = port_of(server)
        self.took_s: list[float] = []
        self._error: BaseException | None = None
        self._may_end = threading.Event()
        self._thread = threading.Thread(target=self._go_on)

    def __enter__(self) -> HonestPop3:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._may_end.set()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _go_on(self) -> None:
        try:
            while not self._may_end.wait(0.1):
                began = time.monotonic()
                self._read()
                self.took_s.append(time.monotonic() - began)
        except BaseException as error:
            self._error = error

    def _read(self) -> None:
        class FromHere(poplib.POP3):
            def _create_socket(self, timeout: float) -> socket.socket:
                return socket.create_connection((self.host, self.port), timeout, (HONEST, 0))

        client = FromHere("127.0.0.1", self._port, timeout=PATIENCE_S * 3)
        client.user("honest@example.org")
        client.pass_("x")
        assert b"Subject: honest" in b"\n".join(client.retr(client.stat()[0])[1])
        client.quit()

    def wait(self, more: int) -> None:
        """Wait until it has read so many times more."""
        wanted, deadline = len(self.took_s) + more, time.monotonic() + 60
        while len(self.took_s) < wanted and self._error is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def idle(server: Process, number: int) -> socket.socket:
    """Log in and say nothing more."""
    return dial(server, number, LOGIN)


def slow_reader(server: Process, number: int) -> socket.socket:
    """Ask for a large message, again and again, and read nothing."""
    return dial(server, number, LOGIN + b"RETR 1\r\n" * 100)


def endless_line(server: Process, number: int) -> socket.socket:
    """Send a line without an end."""
    return dial(server, number, b"USER " + b"x" * 100_000)


def login_flood(server: Process, number: int) -> socket.socket:
    """Log in as many as one can."""
    return dial(server, number, b"".join(b"USER u%d@example.org\r\nPASS x\r\nQUIT\r\n" % at for at in range(50)))


def endless_questions(server: Process, number: int) -> socket.socket:
    """Ask much, and read nothing."""
    return dial(server, number, LOGIN + b"UIDL\r\nLIST\r\nCAPA\r\nTOP 1 999999\r\n" * 500)


@pytest.mark.parametrize("attack", [idle, slow_reader, endless_line, login_flood, endless_questions])
def test_an_attack_leaves_the_others_their_mail(
    server: Process, figures: list[str], attack: Callable[[Process, int], socket.socket]
) -> None:
    """Memory, descriptors and waits stay within their bounds."""
    send(server, letter("honest"), "honest@example.org")
    text = ("0123456789abcdef" * 4 + "\r\n") * (24 * MIB // 66)
    send(server, letter("large", text=text), "eve@example.org")
    pid = server.process.pid
    with Honest(server) as honest, HonestPop3(server) as reader, contextlib.ExitStack() as peers:
        wait_for_reads(honest, 2)
        reader.wait(2)
        before = count_descriptors(pid)
        for number in range(ATTACKERS):
            peers.enter_context(attack(server, number))
        wait_for_reads(honest, 4)
        reader.wait(4)
        memory = measure_memory(pid)
        peers.close()
        deadline = time.monotonic() + PATIENCE_S
        while count_descriptors(pid) > before + 8:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert memory < MEMORY_BYTES
    assert max(reader.took_s) < READ_S
    figures.append(
        f"POP3 {attack.__name__}: {honest.check()}, a POP3 session {max(reader.took_s):.3f} s, {memory // MIB} MiB"
    )
