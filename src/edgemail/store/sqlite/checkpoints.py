"""Moves committed pages from the write-ahead log into the file, beside the commits."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import apsw

from edgemail.system.job_thread import JobThread

if TYPE_CHECKING:
    import asyncio

    from edgemail.store.sqlite.connections import Connections

_EVERY_OCTETS = 4 * 2**20


class Checkpoints:
    """Runs a checkpoint after some megabytes of mail, in a thread and a connection of its own.

    SQLite would run it at the end of a commit: the `250` would wait until the message is written and
    synced a second time. The connection that commits still runs one once the log has
    `file.LOG_PAGES`, so the log is bounded where commits never pause.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._thread: JobThread | None = None  # a store that only reads never needs it
        self._octets = 0
        self._running: asyncio.Future[None] | None = None

    def count(self, octets: int) -> None:
        """Count what was committed; begin a checkpoint if it is due and none runs."""
        self._octets += octets
        if self._octets >= _EVERY_OCTETS and (self._running is None or self._running.done()):
            self._octets = 0
            self._thread = self._thread or JobThread("edgemail-checkpoint")
            self._running = self._thread.do(self._run)

    def close(self) -> None:
        """Finish the checkpoint that runs, and end the thread."""
        if self._thread is not None:
            self._thread.close()

    def _run(self) -> None:
        # As with SQLite's own checkpoints, an error is left to the next commit, which meets it too.
        # The pages stay in the log, and the next checkpoint writes them again.
        with contextlib.suppress(apsw.Error), self._connections.checkpointer() as connection:
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
