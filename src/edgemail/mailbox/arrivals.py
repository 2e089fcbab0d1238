"""Wakes the readers that wait for mail, inbox by inbox, after each commit.

What arrives is read and written down once for all readers of an inbox.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from edgemail.model import ListedMail

_T = TypeVar("_T")

_SHARED_PAGES = 8
"""The most pages that are shared in an inbox: its readers have seen nearly the same mail."""

_KEPT_MESSAGES = 20
"""A page of more messages is shared only while it is read: kept, many would take much memory."""

_KEPT_S = 1.0
"""How long a page is shared after its reading began: retention and other programs delete mail, too."""

_WAKE_AT_ONCE = 20
"""The most readers that are woken in one turn of the event loop: senders are served in between."""

_PAUSE_S = 0.0002
"""The pause after waking more readers than that, for each of them: some twice of what it costs.

1,500 readers are woken three times a second at most, and hear of all that came meanwhile.
"""


class SharedPage:
    """Some mail of an inbox, oldest first, for all who read on from the same id."""

    def __init__(self, listed: Sequence[ListedMail]) -> None:
        self.listed = listed
        self._written: dict[object, Any] = {}

    def write(self, write: Callable[[Sequence[ListedMail]], _T]) -> _T:
        """Return what `write` makes of the page; it is called once for all who give the same one."""
        if write not in self._written:
            self._written[write] = write(self.listed)
        written: _T = self._written[write]
        return written


class Subscription:
    """Waits for new mail in one inbox.

    A subscription has no queue. It only signals that there is new mail, and its owner then reads
    what came after the last id it has seen. So a slow reader costs no memory and misses nothing.
    """

    __slots__ = ("_bell", "_inbox", "_news", "_topic", "is_closed")

    def __init__(self, inbox: str, topic: _Topic, bell: asyncio.Event, news: dict[str, None]) -> None:
        """For new mail `bell` is set, and `news` has the inbox; several subscriptions may share both."""
        self._inbox = inbox
        self._topic = topic
        self._bell = bell
        self._news = news
        self.is_closed = False

    async def wait(self, timeout_s: float | None) -> bool:
        """Wait for new mail since the last call; return False if none came in time.

        `timeout_s` None waits without a limit. Only for a subscription with a bell of its own.
        """
        if not await _is_set_in_time(self._bell, timeout_s):
            return False
        has_news = bool(self._news)
        self._news.clear()
        return has_news

    async def read(self, after: int, read: Callable[[int], Awaitable[Sequence[ListedMail]]]) -> SharedPage:
        """Return the page above the id `after`, which `read` reads once for all who ask for it.

        Mail that was committed before this call is in the page.
        """
        return await self._topic.read(after, read)

    def notify(self) -> None:
        """Signal new mail."""
        self._news[self._inbox] = None
        self._bell.set()

    def close(self) -> None:
        """Wake the reader for the last time, as the server stops."""
        self.is_closed = True
        self.notify()


class SubscriptionGroup:
    """Waits for new mail in several inboxes at once."""

    def __init__(
        self, subscriptions: Mapping[str, Subscription], bell: asyncio.Event, news: dict[str, None]
    ) -> None:
        """All subscriptions, of which there is at least one, have the same bell and news."""
        self._subscriptions = subscriptions
        self._bell = bell
        self._news = news
        self._one = next(iter(subscriptions.values()))

    @property
    def is_closed(self) -> bool:
        """True once the server stops: it closes all subscriptions at once."""
        return self._one.is_closed

    async def wait(self, timeout_s: float | None) -> bool:
        """Wait for new mail in any of the inboxes; return False if none came in time."""
        return await _is_set_in_time(self._bell, timeout_s)

    def take_news(self) -> list[str]:
        """Return the inboxes with new mail since the last call."""
        inboxes = list(self._news)
        self._news.clear()
        return inboxes

    async def read(
        self, inbox: str, after: int, read: Callable[[int], Awaitable[Sequence[ListedMail]]]
    ) -> SharedPage:
        """Return a page of one of the inboxes; see `Subscription.read`."""
        return await self._subscriptions[inbox].read(after, read)


async def _is_set_in_time(bell: asyncio.Event, timeout_s: float | None) -> bool:
    """Wait until a bell is set, and clear it; return False if that took longer than `timeout_s`."""
    if not bell.is_set():
        try:
            async with asyncio.timeout(timeout_s):
                await bell.wait()
        except TimeoutError:
            return False
    bell.clear()
    return True


class SharedReading(Generic[_T]):
    """A page that is read once, and those who wait for it: they go on some at a time, as they are woken."""

    def __init__(self, task: asyncio.Task[_T], began_at: float) -> None:
        self.task = task
        self.began_at = began_at
        self._waiting: list[asyncio.Future[None]] = []
        task.add_done_callback(lambda _: self._go_on())

    async def wait(self) -> _T:
        """Return the page once it is read, or raise what its reading raised."""
        if not self.task.done():
            waiter = self.task.get_loop().create_future()
            self._waiting.append(waiter)
            await waiter
        return self.task.result()

    def _go_on(self) -> None:
        if not self.task.cancelled():
            self.task.exception()  # its readers may be gone
        for waiter in self._waiting[:_WAKE_AT_ONCE]:
            if not waiter.done():
                waiter.set_result(None)
        del self._waiting[:_WAKE_AT_ONCE]
        if self._waiting:
            self.task.get_loop().call_soon(self._go_on)


class _Topic:
    """The subscriptions of one inbox, and the pages that they share until there is new mail."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()
        self._pages: dict[int, SharedReading[SharedPage]] = {}
        self._is_waking = False
        self._is_due = False

    def __len__(self) -> int:
        """Return how many subscriptions there are."""
        return len(self._subscriptions)

    def add(self, subscription: Subscription) -> None:
        """Begin to wake a subscription."""
        self._subscriptions.add(subscription)

    def discard(self, subscription: Subscription) -> None:
        """Stop to wake a subscription."""
        self._subscriptions.discard(subscription)

    def close(self) -> None:
        """Wake all subscriptions for the last time."""
        for subscription in self._subscriptions:
            subscription.close()

    def drop_pages(self) -> None:
        """Share no page any more that was read before this call. Those who read one go on with it."""
        self._pages.clear()

    def publish(self) -> None:
        """Wake all subscriptions: some now, the others in the next turns of the event loop."""
        self.drop_pages()  # those who read one read again afterwards
        if self._is_waking:
            self._is_due = True
        else:
            self._wake(list(self._subscriptions))

    async def read(self, after: int, read: Callable[[int], Awaitable[Sequence[ListedMail]]]) -> SharedPage:
        """See `Subscription.read`."""
        loop = asyncio.get_running_loop()
        reading = self._pages.get(after)
        if reading is None or loop.time() - reading.began_at > _KEPT_S:

            async def make() -> SharedPage:
                return SharedPage(await read(after))

            reading = SharedReading(loop.create_task(make()), loop.time())
            reading.task.add_done_callback(lambda done: self._end(after, done))
            while len(self._pages) >= _SHARED_PAGES:
                del self._pages[next(iter(self._pages))]
            self._pages[after] = reading
        return await reading.wait()

    def _end(self, after: int, task: asyncio.Task[SharedPage]) -> None:
        """Forget a page that failed or is large; take its error, as its readers may be gone."""
        is_kept = not task.cancelled() and not task.exception() and len(task.result().listed) <= _KEPT_MESSAGES
        if not is_kept and after in self._pages and self._pages[after].task is task:
            del self._pages[after]

    def _wake(self, waiting: list[Subscription]) -> None:
        for subscription in waiting[:_WAKE_AT_ONCE]:
            subscription.notify()
        rest = waiting[_WAKE_AT_ONCE:]
        loop = asyncio.get_running_loop()
        if rest:
            self._is_waking = True
            loop.call_soon(self._wake, rest)
        elif self._is_waking:
            loop.call_later(_PAUSE_S * len(self._subscriptions), self._end_pause)

    def _end_pause(self) -> None:
        self._is_waking = False
        if self._is_due:
            self._is_due = False
            self.publish()


class ArrivalNotifier:
    """The subscriptions of all inboxes."""

    def __init__(self, follow_others: Callable[[], AbstractContextManager[None]] = nullcontext) -> None:
        """`follow_others` is entered for each who subscribes; see `Mailbox.follow_others`."""
        self._subscriptions: dict[str, _Topic] = {}
        self._is_closed = False
        self._follow_others = follow_others

    @contextmanager
    def subscribe(self, inbox: str) -> Iterator[Subscription]:
        """Subscribe to one inbox for as long as the context lasts."""
        subscription = self._add(inbox, asyncio.Event(), {})
        try:
            with self._follow_others():
                yield subscription
        finally:
            self._discard(inbox, subscription)

    @contextmanager
    def subscribe_all(self, inboxes: Iterable[str]) -> Iterator[SubscriptionGroup]:
        """Subscribe to several inboxes for as long as the context lasts."""
        bell, news = asyncio.Event(), dict[str, None]()
        subscriptions = {inbox: self._add(inbox, bell, news) for inbox in inboxes}
        try:
            with self._follow_others():
                yield SubscriptionGroup(subscriptions, bell, news)
        finally:
            for inbox, subscription in subscriptions.items():
                self._discard(inbox, subscription)

    def _add(self, inbox: str, bell: asyncio.Event, news: dict[str, None]) -> Subscription:
        topic = self._subscriptions.setdefault(inbox, _Topic())
        subscription = Subscription(inbox, topic, bell, news)
        if self._is_closed:
            subscription.close()
        topic.add(subscription)
        return subscription

    def _discard(self, inbox: str, subscription: Subscription) -> None:
        topic = self._subscriptions[inbox]
        topic.discard(subscription)
        if not topic:
            del self._subscriptions[inbox]

    def publish(self, inboxes: Iterable[str]) -> None:
        """Wake the subscriptions to these inboxes."""
        if not self._subscriptions:
            return
        for inbox in inboxes:
            if (topic := self._subscriptions.get(inbox)) is not None:
                topic.publish()

    def publish_all(self) -> None:
        """Wake all subscriptions: there may be new mail in any inbox."""
        self.publish(tuple(self._subscriptions))

    def forget(self, inbox: str | None = None) -> None:
        """Share no page any more, of one inbox or of all: mail was deleted."""
        for name in (inbox,) if inbox is not None else tuple(self._subscriptions):
            if (topic := self._subscriptions.get(name)) is not None:
                topic.drop_pages()

    def close(self) -> None:
        """Wake every subscription for the last time."""
        self._is_closed = True
        for topic in self._subscriptions.values():
            topic.close()
