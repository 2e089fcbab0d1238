"""Limits on each inbox: above them, mail is deleted, the oldest of who has most of the inbox first.

Without such limits, one sender could use the limit on all mail to push out the mail of others.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgemail.errors import StoreFull, StoreUnavailable
from edgemail.system.outage_log import OutageLog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgemail.store.base import Arrival, Mailbox, SourceShare

_SLACK_SHARE = 20
"""An inbox that is over a limit by 1/20 is trimmed at once; the rest wait for the next batch."""
_UNLIMITED = 2**63
_PAUSE_S = 1.0
_URGENT_PAUSE_S = 0.05
_MAX_INBOXES = 20_000
"""The most inboxes whose sizes are remembered."""
_BATCH_INBOXES = 100

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Tally:
    """An upper bound of what an inbox holds.

    Deletions are not subtracted, so the inbox is trimmed, and counted exactly, sooner than needed.
    """

    messages: int
    size: int

    def is_past(self, limits: _Tally) -> bool:
        """Return True if the messages or the octets exceed `limits`."""
        return self.messages > limits.messages or self.size > limits.size


class Quota:
    """Trims inboxes that received mail, after the commit and outside the path to a 250.

    It adds new mail to the count from the last trim. An inbox without a count (after a start, or
    when there are too many to remember) is taken to be full, and so is checked early.
    """

    def __init__(
        self, store: Mailbox, max_messages: int | None, max_bytes: int | None, share: SourceShare | None = None
    ) -> None:
        """Watch the store for new mail. None means no limit; `max_bytes` is in octets."""
        self._store = store
        self._share = share
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
        """Trim the inboxes that are over a limit.

        Raises:
            StoreUnavailable, StoreFull: the store failed; the rest stays due for the next call.
        """
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
        tallies = [self._tallies.get(inbox) for inbox in inboxes]
        before = [None if tally is None else (tally.messages, tally.size) for tally in tallies]
        found = await self._store.trim_inboxes(
            inboxes, max_messages=self._max_messages, max_bytes=self._max_bytes, share=self._share
        )
        for tally, counted, left in zip(tallies, before, found, strict=True):
            if tally is not None and counted is not None:  # keep what arrived during the trim
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
