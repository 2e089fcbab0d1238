"""The connections to one database file: one that writes, those that read, and whether the path still names it.

A file can be deleted, replaced or moved while connections have it open. What they then write is found by nobody,
so they let go of it and open what is there by now.
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
"""Within a tick of its clock a folder may change twice and tell one time. Old file systems count by 1 or 2 s."""
_READ_LAST_ID = "SELECT seq FROM sqlite_sequence WHERE name = 'mail'"
_RAISE_LAST_ID = "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'mail'"
_BEGIN_IDS = f"INSERT INTO sqlite_sequence (name, seq) SELECT 'mail', ? WHERE NOT EXISTS ({_READ_LAST_ID})"


class Connections:
    """One connection that writes, for one thread, and one for each thread that reads.

    All but `reader` is for the thread that writes.
    """

    def __init__(self, path: Path, writer: apsw.Connection, open_writer: Callable[[Path], apsw.Connection]) -> None:
        """`writer` came of `open_writer`, which opens the next one."""
        self.writer = writer
        self.writer.set_busy_handler(self._wait_for_lock)
        self.is_doubtful = False
        """Whether an error came of which it is not known what it left behind."""
        self.generation = 0
        """Goes on each time that another file is the database."""
        self._path = path
        self._names = [f"{path}{suffix}" for suffix in ("", *sqlite_file.SUFFIXES)]
        self._open_writer = open_writer
        self._files = [_identify(name) for name in self._names]
        self._folder = str(path.parent)
        self._at_rest: tuple[int, int, int] | None = None  # the folder, as it was when all of its files were ours
        self._readers: list[_Reader] = []
        self._own = threading.local()
        self._hurry = threading.Event()
        self._lock_deadline = 0.0
        self._last_id = 0

    @contextlib.contextmanager
    def reader(self) -> Iterator[apsw.Connection]:
        """Give the calling thread its read-only connection."""
        own: _Reader | None = getattr(self._own, "reader", None)
        if own is None:
            own = self._own.reader = _Reader()
            self._readers.append(own)
        with own.lock:
            if own.connection is None:
                own.connection = sqlite_file.connect(self._path, apsw.SQLITE_OPEN_READONLY)
            yield own.connection

    def find_writer(self) -> apsw.Connection:
        """Return the connection that writes where the path says: another one where the file was moved.

        Raises:
            StoreUnavailable: it cannot be opened; to be tried again.
            apsw.Error: what was committed cannot be put into the file that was open; to be tried again.
        """
        # One look where nothing has changed: to win the interpreter's lock back after each costs a commit dearly.
        folder = _look_at(self._folder)
        if folder is None or folder != self._at_rest:
            for name, had in zip(self._names, self._files, strict=True):
                if had is not None and _identify(name) != had:
                    _log.warning("%s is not the file that it was", name)
                    self.renew()
                    return self.writer
            if folder is not None and _rests(folder[2]):
                self._at_rest = folder
        return self.writer

    def renew(self) -> None:
        """Open what the path names by now; make it where there is nothing.

        Everything that was committed is put into the file that was open, wherever it is now, and synced there.
        That matters after a failed sync as well: the system may think that what it could not write is written,
        and a sync that succeeds later says nothing of it.

        Raises:
            StoreUnavailable: it cannot be opened; to be tried again.
            apsw.Error: what was committed cannot be put into the file that was open; to be tried again.
        """
        _log.warning(
            "opening %s again: %s", self._path, "an error" if self.is_doubtful else "other files are there"
        )
        self.is_doubtful = True
        self._at_rest = None
        # Before it is closed: its inode may be the new one's, then.
        is_other = _identify(self._names[0]) != self._files[0]
        with contextlib.ExitStack() as stack:
            for one in tuple(self._readers):
                stack.enter_context(one.lock)
                one.close()
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
            if self._last_id:  # readers ask for what came after an id that they have
                self.writer.execute(_RAISE_LAST_ID, (self._last_id,))
                self.writer.execute(_BEGIN_IDS, (self._last_id,))
        self.is_doubtful = False
        _log.warning("%s was opened again", self._path)

    def hurry(self) -> None:
        """Wait for no other program's lock any more. For any thread."""
        self._hurry.set()

    def close(self) -> None:
        """Close them all, when nobody reads any more."""
        for one in self._readers:
            one.close()
        self.writer.close()

    def _wait_for_lock(self, attempts: int) -> bool:
        """Wait a little while another program has the lock; return whether to try again."""
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
        """Put all that was committed into the file itself; note the last id that was given."""
        if self.writer.readonly("main"):
            return
        self.writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        for (last_id,) in self.writer.execute(_READ_LAST_ID):
            self._last_id = max(self._last_id, int(last_id))


class _Reader:
    """One thread's connection; whoever has the lock may use or close it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.connection: apsw.Connection | None = None

    def close(self) -> None:
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()


def _identify(name: str) -> tuple[int, int] | None:
    """Return what tells a file from another one of its name, None where there is none."""
    seen = _look_at(name)
    return None if seen is None else seen[:2]


def _look_at(name: str) -> tuple[int, int, int] | None:
    """Return what tells a file or a folder from another one, and when it changed, in nanoseconds."""
    try:
        status = os.stat(name)  # noqa: PTH116 - after each commit, and a Path takes three times as long
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns


def _rests(changed_ns: int) -> bool:
    """Whether what changed at that time would tell another one if it changed now."""
    tick_s = _TICK_S if changed_ns % 10**9 else _COARSE_TICK_S
    return time.time() - changed_ns / 1e9 > tick_s
