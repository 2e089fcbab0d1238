"""Starts a few requests in each turn of the event loop, so that many at once do not hold up SMTP."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_AT_ONCE: Final = 8
"""About 3 ms of work. A burst of 2,000 requests would take one turn of most of a second."""


class RequestTurns:
    """The requests that may start now, and those that wait for a later turn.

    Of those that wait, one of each source starts in turn. A source is the peer of the connection: behind a
    proxy all are one, and start in the order in which they came. Their
    number is bounded by the connections: each has one request under way at a time.
    """

    def __init__(self) -> None:
        self._waiting: OrderedDict[bytes, deque[Callable[[], None]]] = OrderedDict()
        self._left = _AT_ONCE
        self._is_counting = False

    def start(self, begin: Callable[[], None], source: bytes = b"") -> None:
        """Call `begin` at once, or in one of the next turns."""
        if not self._left:
            self._waiting.setdefault(source, deque()).append(begin)
            return
        self._left -= 1
        if not self._is_counting:
            self._is_counting = True
            asyncio.get_running_loop().call_soon(self._begin_turn)
        begin()

    def _begin_turn(self) -> None:
        self._left = _AT_ONCE
        self._is_counting = False
        while self._waiting and self._left:
            source, begins = self._waiting.popitem(last=False)
            begin = begins.popleft()
            if begins:
                self._waiting[source] = begins
            self.start(begin, source)
