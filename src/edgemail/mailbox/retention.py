"""Deletes mail above the limits on age, count and bytes: the oldest first, in small batches."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from edgemail.errors import StoreFull, StoreUnavailable
from edgemail.system.outage_log import OutageLog

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edgemail.model import MailId
    from edgemail.store.base import Aged, Arrival, Mailbox, Usage

_BATCH_ROWS = 100
_MOST_ROWS = 100_000
_JUMP_S = 60.0
"""A clock that moved this much further than the timer was set forward."""
_DISTRUST_S = 3600.0
"""How long a forward jump is ignored. A wrong clock has been corrected by then, as by NTP."""
_EARLY_SHARE = 0.05
"""A sweep starts early once this share of a limit has arrived since the last sweep."""
_DISK_BYTES = 2**20
"""The part of a database file that does not count as mail: an empty file has pages too."""
_PAUSE_TIMES = 2.0
"""While mail arrives, pause this many times as long as a batch took: senders need the writer."""
_PAUSE_MAX_S = 0.5

_log = logging.getLogger(__name__)


def _measure_time() -> float:
    """Return monotonic seconds that include time asleep, where the system has such a clock."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


@dataclass(frozen=True, slots=True)
class RetentionLimits:
    """The most that is kept; None means no limit.

    `max_bytes` limits the space on disk for a local file, else the octets of the messages.
    """

    max_age_s: float | None
    max_messages: int | None
    max_bytes: int | None
    min_age_s: float | None = None
    """Younger mail is not deleted because of `max_messages` or `max_bytes`."""

    @property
    def keeps_everything(self) -> bool:
        """True if there is no limit, so that nothing is ever deleted."""
        return self.max_age_s is None and self.max_messages is None and self.max_bytes is None


def choose_expired(oldest: Sequence[Aged], usage: Usage, limits: RetentionLimits, now: datetime) -> list[MailId]:
    """Return which of the `oldest` messages (oldest first) to delete.

    A message dated in the future arrived while the clock was wrong. It counts as old as the
    message that follows it.
    """
    messages, size = usage.messages, usage.size
    due: list[MailId] = []
    undecided: list[Aged] = []
    for mail in oldest:
        undecided.append(mail)
        too_old = limits.max_age_s is not None and mail.date < now - timedelta(seconds=limits.max_age_s)
        too_many = limits.max_messages is not None and messages > limits.max_messages
        too_much = limits.max_bytes is not None and size > limits.max_bytes
        may_make_room = limits.min_age_s is None or mail.date < now - timedelta(seconds=limits.min_age_s)
        if too_old or ((too_many or too_much) and may_make_room):
            due += [aged.id for aged in undecided]
            messages -= len(undecided)
            size -= sum(aged.size for aged in undecided)
            undecided.clear()
        elif mail.date <= now:
            break
    return due


class JumpTolerantClock:
    """A clock that ignores a forward jump for an hour, as a wrong clock would expire all mail."""

    def __init__(self, clock: Callable[[], datetime], timer: Callable[[], float] = _measure_time) -> None:
        """Wrap `clock`. `timer` returns monotonic seconds."""
        self._clock = clock
        self._timer = timer
        self._believed = clock(), timer()
        self._doubted_at: float | None = None

    def __call__(self) -> datetime:
        """Return the time; for an hour after a forward jump, the time without the jump."""
        date, now = self._clock(), self._timer()
        steady = self._believed[0] + timedelta(seconds=now - self._believed[1])
        if date - steady > timedelta(seconds=_JUMP_S):
            if self._doubted_at is None:
                self._doubted_at = now
                _log.warning("the clock jumped from %s to %s: no mail expires by that for an hour", steady, date)
            if now - self._doubted_at < _DISTRUST_S:
                return steady
        self._believed, self._doubted_at = (date, now), None
        return date


class Retention:
    """Deletes mail above the limits, at start and every `interval_s`, and frees its disk space."""

    def __init__(
        self,
        store: Mailbox,
        limits: RetentionLimits,
        interval_s: float,
        clock: Callable[[], datetime],
        tell: Callable[[], None] = lambda: None,
    ) -> None:
        """`tell` is called after each batch that was deleted."""
        self._store = store
        self._tell = tell
        self._waiting = OutageLog(_log, "retention goes on", logging.WARNING)
        self._limits = limits
        self._interval_s = interval_s
        self._clock = clock
        self._arrived_messages = self._arrived_bytes = 0
        self._taken: Usage | None = None
        self._is_early = asyncio.Event()
        store.watch(self._count)

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                deleted = await self.sweep()
                self._waiting.end()
                if deleted:
                    _log.info("retention deleted mail", extra={"messages": deleted})
            except (StoreUnavailable, StoreFull):
                self._waiting.begin("retention waits for the store")
                self._is_early.clear()
            try:
                async with asyncio.timeout(self._interval_s):
                    await self._is_early.wait()
            except TimeoutError:
                pass

    def estimate_fill(self) -> float:
        """Return how much of a limit is taken, 1.0 where it is reached: at the last sweep, and by mail since then.

        0 where mail of any age makes room, as new mail then always finds some.
        """
        limits, taken = self._limits, self._taken
        if limits.min_age_s is None or taken is None:
            return 0.0
        fill = 0.0
        if limits.max_messages is not None:
            fill = (taken.messages + self._arrived_messages) / max(1, limits.max_messages)
        if limits.max_bytes is not None:
            fill = max(fill, (taken.size + self._arrived_bytes) / max(1, limits.max_bytes))
        return fill

    async def sweep(self) -> int:
        """Delete what is above the limits now; return the number of deleted messages.

        Raises:
            StoreUnavailable, StoreFull: the store failed.
        """
        deleted = 0
        self._arrived_messages = self._arrived_bytes = 0
        self._is_early.clear()
        while not self._limits.keeps_everything:
            began, arrived, now = time.monotonic(), self._arrived_messages, self._clock()
            usage = self._taken = await self._measure()
            due = choose_expired(await self._list_oldest(now), usage, self._limits, now)
            if not due:
                break
            deleted += await self._store.delete(due, may_return=True)
            self._tell()
            if self._arrived_messages > arrived and not self._is_overfull(usage):
                await asyncio.sleep(min((time.monotonic() - began) * _PAUSE_TIMES, _PAUSE_MAX_S))
        disk = self._store.disk
        while disk is not None and await disk.reclaim():
            pass
        return deleted

    async def _list_oldest(self, now: datetime) -> Sequence[Aged]:
        """List the oldest messages, up to one that is not dated in the future."""
        rows = _BATCH_ROWS
        while True:
            oldest = await self._store.list_oldest(rows)
            if len(oldest) < rows or oldest[-1].date <= now or rows >= _MOST_ROWS:
                return oldest
            rows *= 10

    async def _measure(self) -> Usage:
        """Measure the stored mail; its size is the space on disk where the store can tell."""
        usage, disk = await self._store.measure(), self._store.disk
        if self._limits.max_bytes is None or disk is None:
            return usage
        return replace(usage, size=max(usage.size, await disk.measure_disk() - _DISK_BYTES))

    def _is_overfull(self, usage: Usage) -> bool:
        """Return True if a limit is exceeded so far that deleting goes before new mail."""
        most = 1 + _EARLY_SHARE
        return _is_more(usage.messages, self._limits.max_messages, most) or _is_more(
            usage.size, self._limits.max_bytes, most
        )

    def _count(self, arrivals: Sequence[Arrival]) -> None:
        self._arrived_messages += len(arrivals)
        self._arrived_bytes += sum(arrival.size for arrival in arrivals)
        if _is_more(self._arrived_messages, self._limits.max_messages, _EARLY_SHARE) or _is_more(
            self._arrived_bytes, self._limits.max_bytes, _EARLY_SHARE
        ):
            self._is_early.set()


def _is_more(figure: int, limit: int | None, times: float) -> bool:
    return limit is not None and figure > limit * times
