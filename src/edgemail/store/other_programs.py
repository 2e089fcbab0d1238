"""Looks for the mail that other programs put into the same database, while somebody waits for it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from edgemail.errors import StoreFull, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator


class Lookout:
    """Calls `look` every `interval_s` while it is wanted: as often for a thousand who want it as for one."""

    def __init__(self, look: Callable[[], Awaitable[None]], interval_s: float) -> None:
        self._look = look
        self._interval_s = interval_s
        self._wanted = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def is_on(self) -> bool:
        """True from the moment on when it is wanted, until it has ended."""
        return self._task is not None and not self._task.done()

    @contextlib.contextmanager
    def wanted(self) -> Iterator[None]:
        """Look for as long as the context lasts.

        The first look comes an interval later. So those who wait for a moment only, again and again,
        cause no more looks than one who waits for long.
        """
        self._wanted += 1
        if not self.is_on:
            self._task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            self._wanted -= 1

    async def close(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        await asyncio.sleep(self._interval_s)
        while self._wanted:
            with contextlib.suppress(StoreUnavailable, StoreFull):
                await self._look()
            await asyncio.sleep(self._interval_s)
