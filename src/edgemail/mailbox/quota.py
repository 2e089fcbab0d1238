"""Each inbox has its bounds, or one sender would push out the mail of all others: its oldest mail goes first."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgemail.errors import StoreFull, StoreUnavailable
from edgemail.system.outage_log import OutageLog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgemail.store.base import Arrival, MailStore

_SLACK_SHARE = 20
"""An inbox is trimmed at once when it is past a limit by a twentieth, else with the others after a while."""
_UNLIMITED = 2**63
_PAUSE_S = 1.0
_URGENT_PAUSE_S = 0.05
_MAX_INBOXES = 20_000
"""How many are remembered."""
_BATCH_INBOXES = 100

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Tally:
    """What an inbox has at most. Deletions are not counted: then it is looked at sooner, and counted anew."""

    messages: int
    size: int

    def is_past(self, limits: _Tally) -> bool:
        """Tell whether there is more of one of the two."""
        return self.messages > limits.messages or self.size > limits.size


class Quota:
    """Trims the inboxes that got mail, after the commit and off its way.

    It counts what comes on from what it found when it last looked. Of an inbox that it knows nothing of, after a
    start or where there are too many to remember, it thinks that it is full.
    """

    def __init__(self, store: MailStore, max_messages: int | None, max_bytes: int | None) -> None:
        """`None` sets no limit."""
        self._store = store
        self._waiting = OutageLog(_log, "inboxes that are too full are trimmed again", logging.WARNING)
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        messages = _UNLIMITED if max_messages is None else max_messages
        size = _UNLIMITED if max_bytes is None else max_bytes
        self._limits = _Tally(messages, size)
        self._urgent = _Tally(messages + messages // _SLACK_SHARE, size + size // _SLACK_SHARE)
        self._tallies: dict[str, _Tally] = {}
        self._due: dict[str, None] = {}
        self._is_due = asyncio.Event()
        self._is_urgent = asyncio.Event()
        if max_messages is not None or max_bytes is not None:
            store.watch(self._count)

    async def run(self) -> None:
        """Trim until cancelled."""
        while True:
            await self._is_due.wait()
            try:
                async with asyncio.timeout(_PAUSE_S):
                    await self._is_urgent.wait()
            except TimeoutError:
                pass
            try:
                await self.trim()
                self._waiting.end()
            except (StoreUnavailable, StoreFull):
                self._waiting.begin("inboxes that are too full wait for the store")
                await asyncio.sleep(_PAUSE_S)
            await asyncio.sleep(_URGENT_PAUSE_S)

    async def trim(self) -> None:
        """Trim the inboxes that are due."""
        due, self._due = list(self._due), {}
        self._is_due.clear()
        self._is_urgent.clear()
        for start in range(0, len(due), _BATCH_INBOXES):
            try:
                await self._trim(due[start : start + _BATCH_INBOXES])
            except (StoreUnavailable, StoreFull):
                self._due |= dict.fromkeys(due[start:])
                self._is_due.set()
                raise

    async def _trim(self, inboxes: list[str]) -> None:
        tallies = [self._tallies.get(one) for one in inboxes]
        before = [None if one is None else (one.messages, one.size) for one in tallies]
        found = await self._store.trim_inboxes(inboxes, max_messages=self._max_messages, max_bytes=self._max_bytes)
        for tally, counted, left in zip(tallies, before, found, strict=True):
            if tally is not None and counted is not None:  # what came meanwhile counts on top
                tally.messages += left.messages - counted[0]
                tally.size += left.size - counted[1]

    def _count(self, arrivals: Sequence[Arrival]) -> None:
        for arrival in arrivals:
            for inbox in arrival.recipients:
                tally = self._tallies.get(inbox) or self._begin(inbox)
                tally.messages += 1
                tally.size += arrival.size
                if tally.is_past(self._limits) and len(self._due) < _MAX_INBOXES:
                    self._due[inbox] = None
                    self._is_due.set()
                    if tally.is_past(self._urgent):
                        self._is_urgent.set()

    def _begin(self, inbox: str) -> _Tally:
        if len(self._tallies) >= _MAX_INBOXES:
            del self._tallies[next(iter(self._tallies))]
        tally = self._tallies[inbox] = _Tally(self._max_messages or 0, self._max_bytes or 0)
        return tally
