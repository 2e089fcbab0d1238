"""Keeps the results of parsing within bounds, and shares each with all who ask for it."""

from __future__ import annotations

import asyncio
import os
import tempfile
import weakref
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Hashable, Sequence
    from pathlib import Path

    from edgemail.model import MailId
    from edgemail.system.piece_turns import PieceTurns

FILE_ABOVE_BYTES = 128 * 1024
"""A larger result is kept in a file, which costs memory only while a piece of it is sent."""

KEPT_S = 60.0
"""How long a larger result is kept. Its message may have been deleted, and mail needs the disk."""

PIECE_BYTES = 64 * 1024

_T = TypeVar("_T")
_Key = tuple["MailId", "Hashable"]


class Result(Generic[_T]):
    """The octets that were made of a message, and what else there is to say of them.

    Large ones are in a file without a name, which is gone with the last reference to the result.
    """

    def __init__(self, about: _T, pieces: Sequence[bytes], folder: Path | None, turns: PieceTurns) -> None:
        """Keep the pieces; call it in a thread. `folder` None is the system's temporary directory."""
        self.about = about
        self._turns = turns
        self.size = sum(map(len, pieces))
        self._octets: bytes | None = None
        if self.size > FILE_ABOVE_BYTES:
            try:
                file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - closed below
            except OSError:  # there is no folder to write in: a server may only read
                self._octets = b"".join(pieces)
                return
            weakref.finalize(self, file.close)
            for piece in pieces:
                written = 0
                while written < len(piece):
                    written += file.write(memoryview(piece)[written:]) or 0
            self._descriptor = file.fileno()
        else:
            self._octets = b"".join(pieces)

    async def read_pieces(self) -> AsyncIterator[bytes]:
        """Read the octets, piece by piece, each when it is asked for."""
        for start in range(0, self.size, PIECE_BYTES):
            if self._octets is None:
                async with self._turns:
                    piece = await asyncio.to_thread(os.pread, self._descriptor, PIECE_BYTES, start)
                yield piece
            else:
                if self.size > FILE_ABOVE_BYTES:
                    await self._turns.wait()
                yield self._octets[start : start + PIECE_BYTES]


@dataclass(slots=True)
class _Making:
    """A result that is being made, and how many wait for it."""

    task: asyncio.Task[Result[Any]]
    readers: int = field(default=0)


class Results:
    """The last results: small ones within a bound in memory, large ones for a while, within another in files."""

    def __init__(self, *, max_bytes: int, max_file_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._max_file_bytes = max_file_bytes
        self._small: OrderedDict[_Key, Result[Any]] = OrderedDict()
        self._large: OrderedDict[_Key, Result[Any]] = OrderedDict()
        self._small_bytes = 0
        self._large_bytes = 0
        """Of all large results that exist: a reader may still read one that is no longer kept."""
        self._making: dict[_Key, _Making] = {}

    async def get(self, key: _Key, make: Callable[[], Coroutine[Any, Any, Result[_T]]]) -> Result[_T]:
        """Return a message's result, or let `make` make it, once for all who ask meanwhile.

        Those who ask must know that the message is still there: a result may outlive it.
        """
        if (kept := self.find(key)) is not None:
            return cast("Result[_T]", kept)
        making = self._making.get(key)
        if making is None:
            making = self._making[key] = _Making(asyncio.create_task(make()))
            making.task.add_done_callback(lambda task: self._end(key, task))
        making.readers += 1
        try:
            return cast("Result[_T]", await asyncio.shield(making.task))
        finally:
            making.readers -= 1
            if not making.readers and not making.task.done():
                making.task.cancel()
                self._forget_making(key, making.task)

    def find(self, key: _Key) -> Result[Any] | None:
        """Return a result that is kept."""
        for kept in (self._small, self._large):
            if key in kept:
                kept.move_to_end(key)
                return kept[key]
        return None

    def keep(self, key: _Key, result: Result[Any]) -> None:
        """Keep a result; those that nobody asked for longest go."""
        if result.size > FILE_ABOVE_BYTES:
            self._large_bytes += result.size
            weakref.finalize(result, self._count_gone, result.size)
            self._large[key] = result
            asyncio.get_running_loop().call_later(KEPT_S, self._drop_large, key, weakref.ref(result))
            self._make_large_room()
            return
        if (former := self._small.pop(key, None)) is not None:
            self._small_bytes -= former.size
        self._small[key] = result
        self._small_bytes += result.size
        while self._small_bytes > self._max_bytes:
            self._small_bytes -= self._small.popitem(last=False)[1].size

    def has_room(self) -> bool:
        """Return False while so many large results are being read that there is no room for another."""
        self._make_large_room()
        return self._large_bytes <= self._max_file_bytes

    def forget(self, mail_id: MailId) -> None:
        """Drop what was made of a message."""
        for key in [key for key in self._small if key[0] == mail_id]:
            self._small_bytes -= self._small.pop(key).size
        for key in [key for key in self._large if key[0] == mail_id]:
            del self._large[key]

    def _drop_large(self, key: _Key, result: weakref.ref[Result[Any]]) -> None:
        if key in self._large and self._large[key] is result():
            del self._large[key]

    def _make_large_room(self) -> None:
        while self._large and self._large_bytes > self._max_file_bytes:
            self._large.popitem(last=False)

    def _count_gone(self, size: int) -> None:
        self._large_bytes -= size

    def _end(self, key: _Key, task: asyncio.Task[Result[Any]]) -> None:
        self._forget_making(key, task)
        if not task.cancelled():
            task.exception()  # nobody may be there any more to ask for it

    def _forget_making(self, key: _Key, task: asyncio.Task[Result[Any]]) -> None:
        making = self._making.get(key)
        if making is not None and making.task is task:
            del self._making[key]
