"""Shares something of which there is a fixed amount, such as threads or memory, between sources.

Who finds none waits in a short queue. The sources take turns: a source that asks for much waits for
itself, and not in front of one that asks for little.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

from edgemail.errors import TooBusy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

WAIT_MAX_S = 30.0
"""The longest wait for a turn; proxies and clients often give up after a minute."""

SOURCE: ContextVar[str] = ContextVar("source", default="")
"""For whom the current task works: an IPv4 address or an IPv6 /64. Work without one is one source."""


class _Waiter(NamedTuple):
    amount: int
    given: asyncio.Future[None]


class FairTurns:
    """An amount that is lent to sources in turn."""

    def __init__(
        self,
        amount: int,
        *,
        max_waiting: int,
        max_share: float = 1.0,
        wait_s: float = WAIT_MAX_S,
        refuse: Callable[[], None] = lambda: None,
    ) -> None:
        """Lend at most `amount`, and to one source at most `max_share` of it.

        At most `max_waiting` wait, for `wait_s` each. `refuse` is called for each that is refused.
        """
        self._amount = self._free = amount
        self._most_of_source = max(1, int(amount * max_share))
        self._max_waiting = max_waiting
        self._wait_s = wait_s
        self._refuse = refuse
        self._lent: Counter[str] = Counter()
        self._queues: OrderedDict[str, deque[_Waiter]] = OrderedDict()
        self._waiting = 0

    @property
    def lent(self) -> int:
        """Return how much is lent now."""
        return self._amount - self._free

    @property
    def waiting(self) -> int:
        """Return how many wait now."""
        return self._waiting

    @asynccontextmanager
    async def turn(self, source: str, amount: int = 1) -> AsyncIterator[None]:
        """Lend `amount` to a source for as long as the context lasts.

        Raises:
            TooBusy: too many wait, or it took too long.
        """
        amount = await self.take(source, amount)
        try:
            yield
        finally:
            self.give_back(source, amount)

    def take_now(self, source: str, amount: int = 1) -> bool:
        """Lend to a source, to be given back; return False where it would have to wait."""
        if self._waiting or not self._can_lend(source, amount):
            return False
        self._lend(source, amount)
        return True

    async def take(self, source: str, amount: int = 1) -> int:
        """Lend to a source; return how much, to be given back. Who asks for too much gets its most.

        Raises:
            TooBusy: too many wait, or it took too long.
        """
        amount = min(amount, self._most_of_source)
        if self.take_now(source, amount):
            return amount
        if self._waiting >= self._max_waiting:
            self._make_room(source)
        waiter = _Waiter(amount, asyncio.get_running_loop().create_future())
        self._queues.setdefault(source, deque()).append(waiter)
        self._waiting += 1
        self._serve()  # those that wait may all have had their share
        try:
            async with asyncio.timeout(self._wait_s):
                await waiter.given
        except BaseException as error:
            given = waiter.given
            if not self._leave(source, waiter) and not given.cancelled() and given.exception() is None:
                self.give_back(source, amount)  # the turn came in the same moment
            if isinstance(error, TimeoutError):
                self._refuse()
                raise TooBusy("the server has too much to do; try again later") from None
            raise
        return amount

    def give_back(self, source: str, amount: int) -> None:
        """Take back what `take` lent, and lend it to those that wait."""
        self._free += amount
        self._lent[source] -= amount
        if not self._lent[source]:
            del self._lent[source]
        self._serve()

    def _can_lend(self, source: str, amount: int) -> bool:
        return amount <= self._free and self._lent[source] + amount <= self._most_of_source

    def _lend(self, source: str, amount: int) -> None:
        self._free -= amount
        self._lent[source] += amount

    def _serve(self) -> None:
        """Give turns, one to each source and then one to each again, while there is enough."""
        passed = 0
        while self._free and passed < len(self._queues):
            source, queue = next(iter(self._queues.items()))
            amount = queue[0].amount
            if self._lent[source] + amount > self._most_of_source:
                self._queues.move_to_end(source)
                passed += 1
                continue
            if amount > self._free:
                return  # others could be served, but then a large one might wait for ever
            waiter = queue.popleft()
            self._waiting -= 1
            if queue:
                self._queues.move_to_end(source)
            else:
                del self._queues[source]
            passed = 0
            if not waiter.given.done():  # else its task was cancelled a moment ago
                self._lend(source, amount)
                waiter.given.set_result(None)

    def _make_room(self, source: str) -> None:
        """Refuse the newest of the source that has most waiting, or else the one that asks now."""
        longest = max(self._queues, key=lambda one: len(self._queues[one]))
        self._refuse()
        error = TooBusy("the server has too much to do; try again later")
        if len(self._queues[longest]) <= len(self._queues.get(source, ())) + 1:
            raise error
        waiter = self._queues[longest][-1]
        self._leave(longest, waiter)
        if not waiter.given.done():
            waiter.given.set_exception(error)

    def _leave(self, source: str, waiter: _Waiter) -> bool:
        """Take one out of its queue; return False if it is not there any more."""
        queue = self._queues.get(source)
        if queue is None or waiter not in queue:
            return False
        queue.remove(waiter)
        self._waiting -= 1
        if not queue:
            del self._queues[source]
        self._serve()
        return True
