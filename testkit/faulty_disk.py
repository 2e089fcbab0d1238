"""A disk that fails on demand, and that loses unsynced writes in a power cut.

It is a VFS, the layer between SQLite and the operating system.
"""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import apsw

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

Call = Literal["write", "sync"]
SYSTEM = apsw.vfs_names()[0]
"""The name of SQLite's own VFS, without faults."""
_IO_ERRORS = {"write": apsw.SQLITE_IOERR_WRITE, "sync": apsw.SQLITE_IOERR_FSYNC}


def broken(call: Call) -> apsw.Error:
    """Return the error that SQLite reports for EIO."""
    error = apsw.IOError(f"the disk is broken: {call}")
    error.extendedresult = _IO_ERRORS[call]  # type: ignore[attr-defined]
    return error


class FaultyDisk(apsw.VFS):
    """The default VFS while the context of `faulty_disk` lasts."""

    def __init__(self) -> None:
        super().__init__("faulty", SYSTEM, makedefault=True)
        self.fault: Callable[[Call, str], apsw.Error | None] = lambda call, name: None
        """Called before each call with the file's name; the error that it returns is raised."""
        self.reads = 0
        self._lock = threading.Lock()
        self._kept: dict[str, bytearray] = {}
        self._written: dict[str, list[tuple[int, bytes | None]]] = {}

    def excepthook(self, *_: object) -> bool:
        """Do not print the errors that are raised on purpose."""
        return True

    def xOpen(self, name: apsw.URIFilename | str | None, flags: list[int]) -> _File:  # noqa: N802
        return _File(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        with self._lock:
            self._kept.pop(filename, None)
            self._written.pop(filename, None)
            super().xDelete(filename, syncdir)

    def adopt(self, path: Path) -> None:
        """Take the octets of a file that was made elsewhere as synced."""
        with self._lock:
            self._kept[str(path)] = bytearray(path.read_bytes())

    def fail_nth(self, call: Call, number: int, error: apsw.Error | None = None) -> None:
        """Let only the nth call (from 1) fail, with `error` or else with EIO."""
        left = number

        def judge(asked: Call, _: str) -> apsw.Error | None:
            nonlocal left
            left -= asked == call
            return (error or broken(call)) if asked == call and left == 0 else None

        self.fault = judge

    def note(self, name: str, offset: int, octets: bytes | None) -> None:
        """Record a write; None stands for a truncation at `offset`."""
        with self._lock:
            self._written.setdefault(name, []).append((offset, octets))

    def sync(self, name: str, *, is_lost: bool) -> None:
        """Make the recorded writes durable, or drop them if `is_lost`, as after a failed sync."""
        with self._lock:
            written = self._written.pop(name, [])
            if not is_lost:
                _apply(self._kept.setdefault(name, bytearray()), written)

    def restore(self, folder: Path, chance: random.Random) -> None:
        """Write the files as after a power cut now: all synced writes, and half of the rest."""
        with self._lock:
            for name, kept in self._kept.items():
                octets = bytearray(kept)
                _apply(octets, [write for write in self._written.get(name, []) if chance.random() < 0.5])
                (folder / Path(name).name).write_bytes(octets)


class _File(apsw.VFSFile):
    def __init__(self, disk: FaultyDisk, name: apsw.URIFilename | str | None, flags: list[int]) -> None:
        super().__init__(SYSTEM, name, flags)
        self._disk = disk
        self._name = name.filename() if isinstance(name, apsw.URIFilename) else str(name)

    def excepthook(self, *_: object) -> bool:
        """Do not print the errors that are raised on purpose."""
        return True

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        self._disk.reads += 1
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._fail("write")
        super().xWrite(data, offset)
        self._disk.note(self._name, offset, bytes(data))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        super().xTruncate(newsize)
        self._disk.note(self._name, newsize, None)

    def xSync(self, flags: int) -> None:  # noqa: N802
        try:
            self._fail("sync")
        except apsw.Error:
            self._disk.sync(self._name, is_lost=True)
            raise
        self._disk.sync(self._name, is_lost=False)

    def _fail(self, call: Call) -> None:
        error = self._disk.fault(call, self._name)
        if error is not None:
            raise error


def _apply(octets: bytearray, written: list[tuple[int, bytes | None]]) -> None:
    for offset, block in written:
        end = offset if block is None else offset + len(block)
        if len(octets) < end:
            octets.extend(bytes(end - len(octets)))
        if block is None:
            del octets[end:]
        else:
            octets[offset:end] = block


@contextlib.contextmanager
def faulty_disk() -> Iterator[FaultyDisk]:
    """Put all databases that are opened meanwhile on a faulty disk."""
    disk = FaultyDisk()
    try:
        yield disk
    finally:
        disk.unregister()
