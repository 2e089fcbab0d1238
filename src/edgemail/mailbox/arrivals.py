"""Who waits for mail: listeners by inbox, woken by what a commit brought."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Subscription:
    """Waits for something new in one inbox.

    It holds no queue: it only says that there is something new, and its owner then asks the store for what came
    after the last id that it has. So a slow listener costs nothing and misses nothing.
    """

    def __init__(self) -> None:
        self._news = asyncio.Event()
        self.is_closed = False

    async def wait(self, timeout_s: float | None) -> bool:
        """Wait for news since the last call; return whether there are any."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._news.wait()
        except TimeoutError:
            return False
        self._news.clear()
        return True

    def wake(self) -> None:
        """Say that there is something new."""
        self._news.set()

    def close(self) -> None:
        """Wake it for the last time: the server stops."""
        self.is_closed = True
        self._news.set()


class Arrivals:
    """All listeners, by inbox."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[Subscription]] = {}
        self._is_closed = False

    @contextmanager
    def listen(self, inbox: str) -> Iterator[Subscription]:
        """Give a listener to one inbox for as long as the context lasts."""
        listener = Subscription()
        if self._is_closed:
            listener.close()
        self._listeners.setdefault(inbox, set()).add(listener)
        try:
            yield listener
        finally:
            others = self._listeners[inbox]
            others.discard(listener)
            if not others:
                del self._listeners[inbox]

    def publish(self, inboxes: Iterable[str]) -> None:
        """Wake whoever waits for one of these inboxes."""
        if not self._listeners:
            return
        for inbox in inboxes:
            for listener in self._listeners.get(inbox, ()):
                listener.wake()

    def close(self) -> None:
        """Wake everyone for the last time."""
        self._is_closed = True
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.close()
