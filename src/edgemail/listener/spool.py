"""Messages under way: in memory while they are small and few, else in files without a name.

Only the file operations run outside the event loop. One thread does them: a slow disk may hold a
write for a second, and closing a large file without a name takes milliseconds.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import errno
import logging
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from edgemail.errors import StoreFull, StoreUnavailable
from edgemail.system.temporary_files import open_nameless

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import FileIO

    from edgemail.model import Envelope
    from edgemail.settings import SmtpSettings

_log = logging.getLogger(__name__)

_BLOCK_OCTETS = 2**16
_SMALL_OCTETS = 2**20
"""Larger messages may fill half of the memory: the rest is left to small ones."""
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


class Spooler:
    """Counts the octets of all messages under way, and spools large messages to files.

    A message goes to a file past `spool_above` octets, or while all messages together take
    `max_memory`; one of which more than 1 MiB has come does so while they take half of that.
    Past `max_spool` octets in files messages are refused. Without a folder the files are in memory
    as well, and take `max_memory` at most.
    """

    def __init__(self, folder: Path | None, *, spool_above: int, max_memory: int, max_spool: int) -> None:
        self.folder = folder
        self.spool_above = spool_above
        self.max_memory = max_memory
        self.max_spool = max_spool if folder is not None else min(max_spool, max_memory)
        self.memory_octets = 0
        self.spool_octets = 0
        self.thread = ThreadPoolExecutor(1, "edgemail-spool")

    @classmethod
    def of(cls, settings: SmtpSettings, folder: Path | None) -> Self:
        """Make a spooler from the settings, in `folder` unless `spool_dir` is set."""
        return cls(
            folder if settings.spool_dir is None else Path(settings.spool_dir),
            spool_above=settings.spool_above_bytes,
            max_memory=settings.max_memory_bytes,
            max_spool=settings.max_spool_bytes,
        )

    def check(self) -> None:
        """Check that the folder can hold files.

        Raises:
            OSError: it cannot.
        """
        open_nameless(self.folder).close()

    def has_room(self, size_octets: int) -> bool:
        """See `smtp.ContentStore.has_room`."""
        return size_octets <= self.max_spool - self.spool_octets or self._fits_memory(size_octets, size_octets)

    def open(self) -> SpoolingContent:
        """See `smtp.ContentStore.open`."""
        return SpoolingContent(self)

    def hold(self, octets: int) -> None:
        """Count the octets of a trace, which is put before a message."""
        self.memory_octets += octets

    def release(self, envelope: Envelope) -> None:
        """Release a message that is committed, or has failed."""
        self.memory_octets -= len(envelope.data)
        if envelope.spool is not None:
            envelope.spool.discard()

    async def close(self) -> None:
        """Return once everything is written and closed."""
        await asyncio.to_thread(self.thread.shutdown)

    def _fits_memory(self, message_octets: int, more_octets: int) -> bool:
        if message_octets > self.spool_above:
            return False
        room = self.max_memory if message_octets <= _SMALL_OCTETS else self.max_memory // 2
        return self.memory_octets + more_octets <= room


class SpoolingContent:
    """A `smtp.Content`: in memory at first, then in a file."""

    __slots__ = ("_blocks", "_file", "_held", "_is_over", "_spooler", "is_refused", "size_octets")

    def __init__(self, spooler: Spooler) -> None:
        self._spooler = spooler
        self._blocks: list[bytes | bytearray] = []  # in memory; a bytearray of all would move as it grows
        self._held: bytes | bytearray = b""  # what comes after them, less than a block
        self._file: SpoolFile | None = None
        self._is_over = False
        self.is_refused = False
        self.size_octets = 0

    @property
    def is_behind(self) -> bool:
        """See `smtp.Content.is_behind`."""
        return self._file is not None and self._file.is_behind

    def call_when_ready(self, callback: Callable[[], None]) -> None:
        """See `smtp.Content.call_when_ready`."""
        if self._file is not None:
            self._file.call_when_written(callback)

    def write(self, octets: bytes) -> None:
        """See `smtp.Content.write`."""
        size = len(octets)
        self.size_octets += size
        if self._is_over:
            return
        spooler, file = self._spooler, self._file
        if file is None and not spooler._fits_memory(self.size_octets, size):
            file = self._file = SpoolFile(spooler)
            if not file.reserve(self.size_octets - size):
                self._refuse()
                return
            blocks, self._blocks = self._blocks, []
            self._hand_over(file, *blocks)
            if self._is_over:  # the first could not be written
                return
        if file is not None and not file.reserve(size):
            self._refuse()
            return
        spooler.memory_octets += size
        if not self._held:
            self._held = octets
        else:
            if isinstance(self._held, bytes):
                self._held = bytearray(self._held)
            self._held += octets
        if len(self._held) >= _BLOCK_OCTETS:
            block, self._held = self._held, b""
            if file is None:
                self._blocks.append(block)
            else:
                self._hand_over(file, block)

    def finish(self) -> bytes | SpoolFile:
        """See `smtp.Content.finish`."""
        if self._is_over:
            raise RuntimeError("finish() of a message that was discarded")
        self._is_over = True
        held, self._held = self._held, b""
        if self._file is None:
            blocks, self._blocks = self._blocks, []
            return b"".join((*blocks, held)) if blocks else bytes(held)
        if held:
            self._hand_over(self._file, held)
        return self._file

    def discard(self) -> None:
        """See `smtp.Content.discard`."""
        if self._is_over:
            return
        self._is_over = True
        self._spooler.memory_octets -= len(self._held) + sum(map(len, self._blocks))
        self._held, self._blocks = b"", []
        if self._file is not None:
            self._file.discard()

    def _refuse(self) -> None:
        self.is_refused = True
        self.discard()

    def _hand_over(self, file: SpoolFile, *blocks: bytes | bytearray) -> None:
        for block in blocks:
            file.write(block)
        if file.error is not None:
            self._refuse()


class SpoolFile:
    """A `model.Spool`: a file without a name, which ends with the program, however that ends."""

    def __init__(self, spooler: Spooler) -> None:
        self._spooler = spooler
        self._file: FileIO | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._is_valid = True
        self._is_discarded = False
        self._reserved = 0
        self._jobs = 0
        self._last: asyncio.Future[None] | None = None
        self._on_written: Callable[[], None] | None = None
        self.size = 0
        self.error: StoreFull | StoreUnavailable | None = None

    @property
    def is_text(self) -> bool:
        """See `model.Spool.is_text`."""
        return self._is_valid and not self._decoder.getstate()[0]

    @property
    def is_behind(self) -> bool:
        """True while octets wait to be written."""
        return self._jobs > 0

    def reserve(self, octets: int) -> bool:
        """Count octets that will be written; return False if there is no room for them."""
        spooler = self._spooler
        if spooler.spool_octets + octets > spooler.max_spool:
            return False
        spooler.spool_octets += octets
        self._reserved += octets
        return True

    def write(self, block: bytes | bytearray) -> None:
        """Start to write octets that are reserved, and are counted as memory until then."""
        self.size += len(block)
        self._jobs += 1
        self._last = asyncio.get_running_loop().run_in_executor(self._spooler.thread, self._append, block)
        self._last.add_done_callback(partial(self._count_written, len(block)))

    def call_when_written(self, callback: Callable[[], None]) -> None:
        """Call back, once, when nothing is left to write."""
        self._on_written = callback

    async def flush(self) -> None:
        """See `model.Spool.flush`."""
        if self._last is not None:
            await asyncio.wait([self._last])
        if self.error is not None:
            raise self.error

    def read(self, offset: int, size: int) -> bytes:
        """See `model.Spool.read`."""
        wanted = min(size, self.size - offset)
        try:
            octets = b"" if self._file is None else _read_at(self._file, offset, wanted)
        except OSError as error:
            _log.error("a spooled message cannot be read: %s", error.strerror)
            raise StoreUnavailable("a spooled message cannot be read") from error
        if len(octets) < wanted:
            _log.error("a spooled message is shorter than it was")
            raise StoreUnavailable("a spooled message is shorter than it was")
        return octets

    def discard(self) -> None:
        """See `model.Spool.discard`."""
        if self._is_discarded:
            return
        self._is_discarded = True
        # Free the room at once, else other messages are refused until the thread closes the file.
        # It does so before it writes anything that is reserved from now on: the disk holds no more.
        self._spooler.spool_octets -= self._reserved
        try:
            asyncio.get_running_loop().run_in_executor(self._spooler.thread, self._close)
        except RuntimeError:  # the program ends, and the thread has ended
            self._close()

    def __del__(self) -> None:
        """Close a file that was not discarded."""
        self._close()

    def _append(self, block: bytes | bytearray) -> None:
        if self.error is not None or self._is_discarded:
            return
        try:
            if self._file is None:
                self._file = open_nameless(self._spooler.folder)
            rest = memoryview(block)
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            _log.error("a message cannot be spooled in %s: %s", self._spooler.folder, error.strerror)
            leaf = StoreFull if error.errno in _NO_ROOM else StoreUnavailable
            self.error = leaf("the spool cannot be written")
            return
        self._check_text(block)

    def _check_text(self, block: bytes | bytearray) -> None:
        if not self._is_valid:
            return
        try:
            self._decoder.decode(block)
        except UnicodeDecodeError:
            self._is_valid = False
        else:
            self._is_valid = b"\0" not in block

    def _count_written(self, octets: int, _: asyncio.Future[None]) -> None:
        self._spooler.memory_octets -= octets
        self._jobs -= 1
        if self._on_written is not None and not self._jobs:
            callback, self._on_written = self._on_written, None
            callback()

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()


def _read_at(file: FileIO, offset: int, size: int) -> bytes:
    """Read `size` octets, or fewer where the file ends."""
    file.seek(offset)
    octets = file.read(size)
    while len(octets) < size and (part := file.read(size - len(octets))):
        octets += part
    return octets
