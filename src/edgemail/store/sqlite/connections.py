"""The connections to one database file, and whether its path still names that file.

A file can be deleted, replaced or moved while it is open. Mail written to it then would be lost, so
the connections are closed, and the file that the path names now is opened.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from typing import TYPE_CHECKING

import apsw

from edgemail.errors import StoreInvalid, StoreUnavailable
from edgemail.store.sqlite import file as sqlite_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_log = logging.getLogger(__name__)

_LOCK_POLL_S = 0.01
_TICK_S = 0.05
_COARSE_TICK_S = 3.0
"""Two changes within one mtime tick look identical. Old file systems have ticks of 1 or 2 s."""
_READ_LAST_ID = "SELECT seq FROM sqlite_sequence WHERE name = 'mail'"
_RAISE_LAST_ID = "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'mail'"
_BEGIN_IDS = f"INSERT INTO sqlite_sequence (name, seq) SELECT 'mail', ? WHERE NOT EXISTS ({_READ_LAST_ID})"


class Connections:
    """One connection for the thread that writes, one for checkpoints, one for each thread that reads.

    Only `reader`, `checkpointer` and `hurry` may be called by threads other than the one that writes.
    """

    def __init__(self, path: Path, writer: apsw.Connection, open_writer: Callable[[Path], apsw.Connection]) -> None:
        """`writer` was opened by `open_writer`, which also opens its successors."""
        self.writer = writer
        self.writer.set_busy_handler(self._wait_for_lock)
        self.is_doubtful = False
        """True after an error that may have left the connection in an unknown state."""
        self.generation = 0
        """Grows each time that the path names another file."""
        self._path = path
        self._names = [f"{path}{suffix}" for suffix in ("", *sqlite_file.SUFFIXES)]
        self._open_writer = open_writer
        self._files = [_identify(name) for name in self._names]
        self._folder = str(path.parent)
        self._at_rest: tuple[int, int, int] | None = None  # the folder, when its files were last seen unchanged
        self._checkpointer = _Lent()
        self._lent: list[_Lent] = [self._checkpointer]  # to threads other than the one that writes
        self._own = threading.local()
        self._is_closed = False
        self._hurry = threading.Event()
        self._lock_deadline = 0.0
        self._last_id = 0

    @contextlib.contextmanager
    def reader(self) -> Iterator[apsw.Connection]:
        """Lend the calling thread its read-only connection.

        Raises:
            StoreUnavailable: all connections were closed.
        """
        own: _Lent | None = getattr(self._own, "reader", None)
        if own is None:
            own = self._own.reader = _Lent()
            self._lent.append(own)
        with own.lock:
            if self._is_closed:
                raise StoreUnavailable("the database is closed")
            if own.connection is None:
                own.connection = sqlite_file.connect(self._path, apsw.SQLITE_OPEN_READONLY)
            yield own.connection

    @contextlib.contextmanager
    def checkpointer(self) -> Iterator[apsw.Connection]:
        """Lend the connection for checkpoints."""
        own = self._checkpointer
        with own.lock:
            if own.connection is None:
                own.connection = sqlite_file.connect(self._path, apsw.SQLITE_OPEN_READWRITE)
                own.connection.pragma("synchronous", 2)
            yield own.connection

    def find_writer(self) -> apsw.Connection:
        """Return the connection that writes to the file at the path; open it again if need be.

        Raises:
            StoreUnavailable: the file cannot be opened now.
            apsw.Error: committed mail cannot be moved into the old file now.
        """
        # Where nothing has changed this is one system call. After each the thread has to win the
        # interpreter's lock back, which would slow every commit down.
        folder = _look_at(self._folder)
        if folder is None or folder != self._at_rest:
            for name, had in zip(self._names, self._files, strict=True):
                if had is not None and _identify(name) != had:
                    _log.warning("%s was replaced or deleted", name)
                    self.renew()
                    return self.writer
            if folder is not None and _rests(folder[2]):
                self._at_rest = folder
        return self.writer

    def renew(self) -> None:
        """Open the file that the path names now; make it where it is missing.

        First all committed mail is moved from the log into the old file, wherever that is now, and
        synced. This also matters after a failed sync: the system may take the lost pages for
        written, and a later sync that succeeds proves nothing about them.

        Raises:
            StoreUnavailable: the file cannot be opened now.
            apsw.Error: committed mail cannot be moved into the old file now.
        """
        reason = "an error occurred" if self.is_doubtful else "its files were replaced"
        _log.warning("opening %s again: %s", self._path, reason)
        self.is_doubtful = True
        self._at_rest = None
        # Compare before the old file is closed: afterwards its inode may be used again.
        is_other = _identify(self._names[0]) != self._files[0]
        with contextlib.ExitStack() as stack:
            for lent in tuple(self._lent):
                stack.enter_context(lent.lock)
                lent.close()
            if self._is_open():
                self._put_away()
                self.writer.close()
            try:
                self.writer = self._open_writer(self._path)
                self.writer.set_busy_handler(self._wait_for_lock)
            except StoreInvalid as error:
                _log.error("%s", error)
                raise StoreUnavailable("the database cannot be opened") from error
            self._files = [_identify(name) for name in self._names]
            self.generation += is_other
            if self._last_id:  # ids go on: readers ask for mail after the last id that they know
                self.writer.execute(_RAISE_LAST_ID, (self._last_id,))
                self.writer.execute(_BEGIN_IDS, (self._last_id,))
        self.is_doubtful = False
        _log.warning("%s was opened again", self._path)

    def hurry(self) -> None:
        """Stop waiting for other programs' locks. Any thread may call this."""
        self._hurry.set()

    def close(self) -> None:
        """Close all connections, each once its thread does not use it. Afterwards nothing is read."""
        self._is_closed = True
        for lent in tuple(self._lent):
            with lent.lock:
                lent.close()
        self.writer.close()

    def _wait_for_lock(self, attempts: int) -> bool:
        """Wait a moment for another program's lock; return True to try again."""
        now = time.monotonic()
        if not attempts:
            self._lock_deadline = now + sqlite_file.BUSY_TIMEOUT_MS / 1000
        return now < self._lock_deadline and not self._hurry.wait(_LOCK_POLL_S)

    def _is_open(self) -> bool:
        try:
            self.writer.filename  # noqa: B018 - raises where it is closed
        except apsw.ConnectionClosedError:
            return False
        return True

    def _put_away(self) -> None:
        """Move all committed mail from the log into the file; note the last id."""
        if self.writer.readonly("main"):
            return
        self.writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        for (last_id,) in self.writer.execute(_READ_LAST_ID):
            self._last_id = max(self._last_id, int(last_id))


class _Lent:
    """Another thread's connection; whoever holds the lock may use or close it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.connection: apsw.Connection | None = None

    def close(self) -> None:
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()


def _identify(name: str) -> tuple[int, int] | None:
    """Return a file's device and inode, None where there is no such file."""
    seen = _look_at(name)
    return None if seen is None else seen[:2]


def _look_at(name: str) -> tuple[int, int, int] | None:
    """Return a file's or folder's device, inode and mtime in ns, None where there is none."""
    try:
        status = os.stat(name)  # noqa: PTH116 - called after each commit; a Path takes three times as long
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns


def _rests(changed_ns: int) -> bool:
    """Return True if another change now would get a different mtime."""
    tick_s = _TICK_S if changed_ns % 10**9 else _COARSE_TICK_S
    return time.time() - changed_ns / 1e9 > tick_s
