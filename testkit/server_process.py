"""Runs `edgemail serve` and `edgemail web preview` as processes, and senders that load them."""

from __future__ import annotations

import os
import re
import selectors
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from testkit.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

START_S = 60.0
UNBOUNDED = {
    "EDGEMAIL_MIN_FREE": "off",
    "EDGEMAIL_MAX_INBOX_MESSAGES": "off",
    "EDGEMAIL_MAX_INBOX_BYTES": "off",
}
"""Switches off limits, for tests that fill one inbox or run on a nearly full disk."""
THIS_PYTHON = (sys.executable, "-m", "edgemail")


@dataclass(frozen=True, slots=True)
class Process:
    """A running `edgemail serve`."""

    process: subprocess.Popen[str]
    said: str

    @property
    def smtp(self) -> tuple[str, int]:
        match = re.search(r"smtp://([0-9.]+):([0-9]+)", self.said)
        assert match
        return match[1], int(match[2])

    @property
    def smtps(self) -> tuple[str, int]:
        match = re.search(r"smtps://([0-9.]+):([0-9]+)", self.said)
        assert match
        return match[1], int(match[2])

    @property
    def url(self) -> str:
        match = re.search(r"(http://[0-9.:]+)/", self.said)
        assert match
        return match[1]

    def wait(self) -> int:
        """Wait for the process; return its exit status."""
        return self.process.wait(PATIENCE_S * 2)


@contextmanager
def serving(
    db: Path, program: Sequence[str] = THIS_PYTHON, *, url: str = "", smtp: str = "127.0.0.1:0", **environ: str
) -> Iterator[Process]:
    """Start the program on free ports; yield it once it has printed its addresses; kill it last.

    With `url` that is the database, and `db` only names the folder for the log. `smtp` is where it takes mail.
    """
    env = {name: value for name, value in os.environ.items() if not name.startswith(("EDGEMAIL_", "LIBSQL_"))}
    arguments = ["serve", "--smtp", smtp, "--http", "127.0.0.1:0", "--db", url or str(db)]
    with (
        (db.parent / "log.txt").open("a") as log,
        subprocess.Popen(
            [*program, *arguments],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=db.parent,
            env=env | UNBOUNDED | environ,
        ) as process,
    ):
        try:
            yield Process(process, _read_start(process))
        finally:
            process.kill()


@contextmanager
def previewing(folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run `edgemail web preview` on a free port; yield its URL without a trailing slash."""
    command = [*THIS_PYTHON, "web", "preview", "--dir", str(folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("Web   http://127.0.0.1:"), line
            yield line.removeprefix("Web   ").rstrip("/\n"), process
        finally:
            process.kill()


def _read_start(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    said = ""
    deadline = time.monotonic() + START_S
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while "accessible via " not in said or not said.endswith("\n"):
            assert selector.select(deadline - time.monotonic()), f"not up in time; it said: {said}"
            octets = os.read(process.stdout.fileno(), 4096)
            assert octets, f"it ended with {process.wait()}; it said: {said}"
            said += octets.decode()
    return said


class Peer:
    """A blocking SMTP connection."""

    def __init__(self, address: tuple[str, int], patience_s: float = PATIENCE_S * 2, source: str = "") -> None:
        """Connect, from the address `source` if one is given."""
        self._socket = socket.create_connection(address, patience_s, (source, 0) if source else None)
        self._file = self._socket.makefile("rb")

    def say(self, octets: bytes) -> None:
        self._socket.sendall(octets)

    def hear(self) -> int:
        """Return the code of the next reply, 0 at the end of the connection."""
        while line := self._file.readline():
            if line[3:4] == b" ":
                return int(line[:3])
        return 0

    def ask(self, octets: bytes) -> int:
        """Send octets; return the code of the reply."""
        self.say(octets)
        return self.hear()

    def begin(self, recipient: str) -> list[int]:
        """Send an envelope pipelined; return the codes of its replies."""
        self.say(f"MAIL FROM:<load@sender.example>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n".encode())
        codes: list[int] = []
        while len(codes) < 3 and (code := self.hear()):
            codes.append(code)
            if code == 421:
                break
        return codes

    def greet(self) -> None:
        assert self.hear() == 220
        self.say(b"EHLO load.example\r\n")
        assert self.hear() == 250

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def vanish(self) -> None:
        """Close with a reset (RST) instead of QUIT."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()


def write_load(token: str) -> bytes:
    """Return the message that a `Sender` sends for a token. Messages differ, also in size."""
    line = (token.encode() * 70)[:70] + b"\r\n"
    return b"Subject: load\r\n\r\ntoken=" + token.encode() + b";\r\n" + line * (len(token) % 4 * 30 + 1)


class Sender(threading.Thread):
    """Sends messages until the connection ends. `kept` has the tokens of those that got a 250."""

    def __init__(self, address: tuple[str, int], name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._address = address
        self.kept: list[str] = []
        self.unanswered: list[str] = []
        self.last_code = 0

    def run(self) -> None:
        """Send until the server closes the connection."""
        try:
            peer = Peer(self._address)
        except OSError:
            return
        try:
            peer.greet()
            while self._send(peer, f"{self.name}.{len(self.kept)}"):
                pass
        except OSError:
            self.last_code = 0
        finally:
            peer.close()

    def _send(self, peer: Peer, token: str) -> bool:
        codes = peer.begin("load@example.org")
        if codes != [250, 250, 354]:
            self.last_code = codes[-1] if codes else 0
            return False
        self.unanswered.append(token)
        peer.say(write_load(token) + b".\r\n")
        self.last_code = peer.hear()
        if self.last_code:
            self.unanswered.remove(token)
        if self.last_code == 250:
            self.kept.append(token)
        return self.last_code == 250
