"""Lets few pieces of large answers be read at the same time, so that their readers hold up no sender."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import TracebackType

_AT_ONCE: Final = 2
"""With one, readers get a quarter less. With as many as there are readers, senders wait 15 times as long."""


class PieceTurns:
    """A context for reading one piece, for whoever has waited longest. Leave it before the piece is sent.

    A piece comes from a thread and goes to a socket. Without turns, the event loop had a piece of each
    of a hundred readers between two commands of a sender.
    """

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def __aenter__(self) -> None:
        await self._turns.acquire()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._turns.release()

    async def wait(self) -> None:
        """Wait for a turn, for a piece that takes no time to read."""
        async with self:
            await asyncio.sleep(0)
