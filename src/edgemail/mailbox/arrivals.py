"""Wakes the readers that wait for mail, inbox by inbox, after each commit."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Subscription:
    """Waits for new mail in one inbox.

    A subscription has no queue. It only signals that there is new mail, and its owner then reads
    from the store what came after the last id it has seen. So a slow reader costs no memory and
    misses nothing.
    """

    def __init__(self) -> None:
        self._news = asyncio.Event()
        self.is_closed = False

    async def wait(self, timeout_s: float | None) -> bool:
        """Wait for new mail since the last call; return False if none came in time.

        `timeout_s` None waits without a limit.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self._news.wait()
        except TimeoutError:
            return False
        self._news.clear()
        return True

    def notify(self) -> None:
        """Signal new mail."""
        self._news.set()

    def close(self) -> None:
        """Wake the reader for the last time, as the server stops."""
        self.is_closed = True
        self._news.set()


class ArrivalNotifier:
    """The subscriptions of all inboxes."""

    def __init__(self) -> None:
        self._subscriptions: dict[str, set[Subscription]] = {}
        self._is_closed = False

    @contextmanager
    def subscribe(self, inbox: str) -> Iterator[Subscription]:
        """Subscribe to one inbox for as long as the context lasts."""
        subscription = Subscription()
        if self._is_closed:
            subscription.close()
        self._subscriptions.setdefault(inbox, set()).add(subscription)
        try:
            yield subscription
        finally:
            left = self._subscriptions[inbox]
            left.discard(subscription)
            if not left:
                del self._subscriptions[inbox]

    def publish(self, inboxes: Iterable[str]) -> None:
        """Wake the subscriptions to these inboxes."""
        if not self._subscriptions:
            return
        for inbox in inboxes:
            for subscription in self._subscriptions.get(inbox, ()):
                subscription.notify()

    def close(self) -> None:
        """Wake every subscription for the last time."""
        self._is_closed = True
        for subscriptions in self._subscriptions.values():
            for subscription in subscriptions:
                subscription.close()
