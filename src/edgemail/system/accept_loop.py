"""Accepts the connections of a listening socket: a bounded number in one go, with a pause after a failure."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

BATCH: Final = 100
"""The most connections that are accepted in one go, before other callbacks have their turn."""
PAUSE_S: Final = 1.0
"""The pause after an accept that failed, mostly for want of file descriptors."""


class AcceptLoop:
    """Accepts connections as bare sockets, and hands each to its owner.

    asyncio's own server makes a transport of each, and begins its handshake, before anybody can refuse it.
    """

    def __init__(
        self,
        bound: socket.socket,
        admit: Callable[[socket.socket, str], None],
        on_failure: Callable[[OSError], None],
        *,
        pause_s: float = PAUSE_S,
        find_batch: Callable[[], int] = lambda: BATCH,
    ) -> None:
        """`bound` listens already.

        `admit` takes each connection, which does not block, and its peer's address: the socket is then its own.
        `on_failure` is told of an accept that failed; the next one comes after `pause_s`.
        `find_batch` returns the most connections to accept in one go.
        """
        self._bound = bound
        self._admit = admit
        self._on_failure = on_failure
        self._pause_s = pause_s
        self._find_batch = find_batch
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Begin to accept."""
        self._pause = None
        self._bound.setblocking(False)
        self._loop.add_reader(self._bound, self._accept)

    def close(self) -> None:
        """Accept no more. The socket stays open for its owner to close."""
        if self._pause is not None:
            self._pause.cancel()
        if self._bound.fileno() >= 0:
            self._loop.remove_reader(self._bound)

    def _accept(self) -> None:
        for _ in range(self._find_batch()):
            try:
                raw, address = self._bound.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                self._on_failure(error)
                self._loop.remove_reader(self._bound)
                self._pause = self._loop.call_later(self._pause_s, self.open)
                return
            raw.setblocking(False)
            self._admit(raw, address[0])
