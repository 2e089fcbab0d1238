"""Attackers of the HTTP port that go on until an honest sender and an honest reader beside them were served."""

from __future__ import annotations

import contextlib
import resource
import socket
import threading
import time
from typing import TYPE_CHECKING

from testkit.honest_work import ATTACKER, Honest, port_of, wait_for_reads
from testkit.hostile_peers import count_descriptors, measure_memory, raise_own_limit
from testkit.server_process import Process, serving
from testkit.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MIB = 2**20
MEMORY_BYTES = 300 * MIB
"""The most memory of the server while it is attacked."""

_open: set[socket.socket] = set()
"""The sockets of attackers, which the end of an attack closes."""


class Crowd:
    """Threads that do something over and over until the context ends, which raises the first error of any."""

    def __init__(self, *works: Callable[[], object]) -> None:
        self._is_over = threading.Event()
        self._errors: list[BaseException] = []
        self._threads = [threading.Thread(target=self._go_on, args=(work,)) for work in works]

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._hurry()
        for thread in self._threads:
            thread.join()
        if self._errors:
            raise self._errors[0]

    def _go_on(self, work: Callable[[], object]) -> None:
        try:
            while not self._is_over.is_set():
                self._do(work)
        except BaseException as error:
            self._errors.append(error)

    def _do(self, work: Callable[[], object]) -> None:
        work()

    def _hurry(self) -> None:
        """Have works end that wait for something."""


class Attack(Crowd):
    """A crowd of attackers, for whom errors of sockets are part of it."""

    def _do(self, work: Callable[[], object]) -> None:
        with contextlib.suppress(OSError):
            work()

    def _hurry(self) -> None:
        for peer in list(_open):
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)


def wait_until(is_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 6 * PATIENCE_S
    while not is_true():
        assert time.monotonic() < deadline
        threading.Event().wait(0.05)


def besiege(server: Process, figures: list[str], what: str, *works: Callable[[], object], reads: int = 8) -> None:
    """Attack for as long as the honest reader takes for some reads; all is as before afterwards."""
    pid = server.process.pid
    with Honest(server) as honest:
        wait_for_reads(honest, 2)
        before = count_descriptors(pid)
        memory = 0
        with Attack(*works):
            for _ in range(reads):
                wait_for_reads(honest, 1)
                memory = max(memory, measure_memory(pid))
        wait_until(lambda: count_descriptors(pid) <= before + 8)
        wait_for_reads(honest, 2)
    figures.append(f"{what}: {memory // MIB} MiB, {honest.check()}")
    assert memory < MEMORY_BYTES


@contextlib.contextmanager
def opening(peer: socket.socket) -> Iterator[socket.socket]:
    """Note a socket while it is open."""
    with peer:
        _open.add(peer)
        try:
            yield peer
        finally:
            _open.discard(peer)


def request(server: Process, head: str, body: bytes = b"") -> bytes:
    """Ask as an attacker, and read the whole answer."""
    with opening(socket.create_connection(("127.0.0.1", port_of(server)), 60, (ATTACKER, 0))) as peer:
        fields = f"Host: 127.0.0.1\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        peer.sendall(f"{head} HTTP/1.1\r\n{fields}".encode() + body)
        return b"".join(iter(lambda: peer.recv(65536), b""))


@contextlib.contextmanager
def attacked(path: Path, **settings: str) -> Iterator[Process]:
    """Run the program with room for many connections of one source."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    raise_own_limit()
    try:
        with serving(path / "mail.db", EDGEMAIL_LOG_LEVEL="warning", **settings) as server:
            yield server
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
