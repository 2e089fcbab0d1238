"""An honest sender and an honest reader beside an attack over HTTP, and how they and the attackers ask."""

from __future__ import annotations

import json
import smtplib
import socket
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from testkit.sample_mail import letter
from testkit.waiting import PATIENCE_S

if TYPE_CHECKING:
    from testkit.server_process import Process

MAIL_S, READ_S = 5.0, 7.0
"""How long a mail and a read may take."""

ATTACKER, HONEST = "127.0.0.7", "127.0.0.8"


def send(server: Process, data: bytes, to: str = "ann@example.org") -> float:
    """Send a mail; return the seconds that it took."""
    began = time.monotonic()
    with smtplib.SMTP(*server.smtp, timeout=60) as client:
        client.sendmail("bob@sender.example", [to], data)
    return time.monotonic() - began


def port_of(server: Process) -> int:
    return int(server.url.rpartition(":")[2])


def read(server: Process, path: str) -> bytes:
    """Read as the honest reader does, from an address of its own."""
    with socket.create_connection(("127.0.0.1", port_of(server)), 60, (HONEST, 0)) as peer:
        peer.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: peer.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200"), answer[:200]
    return answer


def newest_id(server: Process, address: str) -> int:
    listing = read(server, f"/api/inboxes/{address}/messages?limit=1").partition(b"\r\n\r\n")[2]
    newest: int = json.loads(listing)["messages"][0]["id"]
    return newest


def ask(server: Process, path: str) -> socket.socket:
    """Ask as the attackers do."""
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.bind((ATTACKER, 0))
    peer.connect(("127.0.0.1", port_of(server)))
    peer.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    return peer


def processor_s(server: Process) -> float:
    """Return the seconds of processor time that the server has used."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


@dataclass
class Honest:
    """A sender and a reader, one mail and one read after the other, and what they waited for."""

    server: Process
    mails_s: list[float] = field(default_factory=list)
    reads_s: list[float] = field(default_factory=list)
    _may_end: threading.Event = field(default_factory=threading.Event)
    _error: BaseException | None = None

    def __enter__(self) -> Self:
        self._threads = [threading.Thread(target=self._go_on, args=(work,)) for work in (self._mail, self._read)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._may_end.set()
        for thread in self._threads:
            thread.join()
        if self._error is not None:
            raise self._error

    @property
    def is_well(self) -> bool:
        """True unless a mail or a read has failed."""
        return self._error is None

    def check(self) -> str:
        """Check the longest waits; return them in words."""
        assert max(self.mails_s) < MAIL_S
        assert max(self.reads_s) < READ_S
        return f"a mail {max(self.mails_s):.3f} s, a read {max(self.reads_s):.3f} s at most"

    def _go_on(self, work: object) -> None:
        assert callable(work)
        try:
            while not self._may_end.wait(0.05):
                work()
        except BaseException as error:
            self._error = error

    def _mail(self) -> None:
        self.mails_s.append(send(self.server, letter("honest"), "honest@example.org"))

    def _read(self) -> None:
        if not self.mails_s:
            return
        began = time.monotonic()
        mail_id = newest_id(self.server, "honest@example.org")
        assert b"honest" in read(self.server, f"/api/messages/{mail_id}")
        read(self.server, "/healthz")
        self.reads_s.append(time.monotonic() - began)


def wait_for_reads(honest: Honest, count: int) -> None:
    """Return once the honest reader has read so often again."""
    goal = len(honest.reads_s) + count
    deadline = time.monotonic() + 6 * PATIENCE_S
    while len(honest.reads_s) < goal and honest.is_well:
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)
