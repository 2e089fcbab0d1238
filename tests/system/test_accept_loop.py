"""An accept loop takes connections in bounded batches, and pauses where it cannot."""

from __future__ import annotations

import asyncio
import errno
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from testkit.waiting import until

from edgemail.system.accept_loop import AcceptLoop

if TYPE_CHECKING:
    from collections.abc import Iterator

NEVER_S = 3600.0


class FailingSocket(socket.socket):
    """A listening socket that has no descriptors for its next accepts."""

    failures = 0
    tries = 0

    def accept(self) -> Any:
        self.tries += 1
        if self.failures:
            self.failures -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


@pytest.fixture
def bound() -> Iterator[FailingSocket]:
    with FailingSocket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening


@pytest.fixture
def peers(bound: FailingSocket) -> Iterator[list[socket.socket]]:
    """Connections that wait to be accepted."""
    with ExitStack() as opened:
        yield [opened.enter_context(socket.create_connection(bound.getsockname())) for _ in range(5)]


class Admitted:
    """Keeps the sockets, addresses and errors that an accept loop hands over."""

    def __init__(self) -> None:
        self.sockets: list[socket.socket] = []
        self.hosts: list[str] = []
        self.failures: list[OSError] = []

    def admit(self, raw: socket.socket, host: str) -> None:
        self.sockets.append(raw)
        self.hosts.append(host)

    def close(self) -> None:
        for raw in self.sockets:
            raw.close()


async def test_connections_are_admitted_in_batches(bound: FailingSocket, peers: list[socket.socket]) -> None:
    """Each turn of the event loop accepts one batch, so that other callbacks run between two."""
    admitted = Admitted()
    before: list[int] = []

    def find_batch() -> int:
        before.append(len(admitted.sockets))
        return 2

    accepting = AcceptLoop(bound, admitted.admit, admitted.failures.append, find_batch=find_batch)
    accepting.open()
    await until(lambda: len(admitted.sockets) == len(peers))
    assert before[:3] == [0, 2, 4]
    assert admitted.hosts == ["127.0.0.1"] * 5
    assert not any(raw.getblocking() for raw in admitted.sockets)
    accepting.close()
    admitted.close()


async def test_a_failure_is_told_once_a_pause(bound: FailingSocket, peers: list[socket.socket]) -> None:
    """Connections keep waiting meanwhile, and are accepted when there are descriptors again."""
    bound.failures = 3
    admitted = Admitted()
    accepting = AcceptLoop(bound, admitted.admit, admitted.failures.append, pause_s=0.01)
    accepting.open()
    await until(lambda: len(admitted.sockets) == len(peers))
    assert [error.errno for error in admitted.failures] == [errno.EMFILE] * 3
    accepting.close()
    admitted.close()


@pytest.mark.usefixtures("peers")
async def test_nothing_is_tried_in_a_pause(bound: FailingSocket) -> None:
    """The listening socket is readable all the time: a loop that looked at it would be busy."""
    bound.failures = 1
    admitted = Admitted()
    accepting = AcceptLoop(bound, admitted.admit, admitted.failures.append, pause_s=NEVER_S)
    accepting.open()
    await until(lambda: bool(admitted.failures))
    for _ in range(10):
        await asyncio.sleep(0)
    assert (bound.tries, admitted.sockets) == (1, [])
    accepting.close()


@pytest.mark.usefixtures("peers")
async def test_nothing_is_accepted_after_the_end(bound: FailingSocket) -> None:
    """Also where a pause was under way, and where the socket is closed already."""
    bound.failures = 1
    admitted = Admitted()

    def fail(error: OSError) -> None:
        admitted.failures.append(error)
        asyncio.get_running_loop().call_soon(accepting.close)  # runs before the pause is over

    accepting = AcceptLoop(bound, admitted.admit, fail, pause_s=0.0)
    accepting.open()
    await until(lambda: bool(admitted.failures))
    for _ in range(10):
        await asyncio.sleep(0)
    assert (bound.tries, admitted.sockets) == (1, [])
    bound.close()
    accepting.close()
