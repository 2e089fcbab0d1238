"""What is due: too old, too many or too much; the oldest goes first, a small batch at a time."""

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
    from edgemail.store.base import Aged, Arrival, MailStore, Usage

_BATCH_ROWS = 100
_MOST_ROWS = 100_000
_JUMP_S = 60.0
"""A clock that went so much further than time did was set."""
_DOUBT_S = 3600.0
"""How long a clock that was set forward is doubted: by then somebody or NTP has put it right, or it is right."""
_EARLY_SHARE = 0.05
"""A sweep comes before its time when this share of a limit arrived since the last one."""
_DISK_BYTES = 2**20
"""A file may be that much larger than its messages before its size counts: an empty one has pages too."""
_PAUSE_TIMES = 2.0
"""While mail arrives, it rests that many times as long as it works: senders wait for the same writer."""
_PAUSE_MAX_S = 0.5

_log = logging.getLogger(__name__)


def _measure_time() -> float:
    """Return seconds that go on while the machine sleeps, where the system counts them."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


@dataclass(frozen=True, slots=True)
class RetentionLimits:
    """What is kept at most; None is without limit. Bytes are what it takes on a disk of ours, else the octets."""

    max_age_s: float | None
    max_messages: int | None
    max_bytes: int | None

    @property
    def keeps_everything(self) -> bool:
        """Whether nothing is ever due."""
        return self == RetentionLimits(None, None, None)


def find_due(oldest: Sequence[Aged], usage: Usage, limits: RetentionLimits, now: datetime) -> list[MailId]:
    """Choose which of the `oldest` messages, oldest first, are to go.

    What is dated in the future came while the clock was wrong: it is as old as what came after it.
    """
    messages, size = usage.messages, usage.size
    due: list[MailId] = []
    undecided: list[Aged] = []
    for mail in oldest:
        undecided.append(mail)
        too_old = limits.max_age_s is not None and mail.date < now - timedelta(seconds=limits.max_age_s)
        too_many = limits.max_messages is not None and messages > limits.max_messages
        too_much = limits.max_bytes is not None and size > limits.max_bytes
        if too_old or too_many or too_much:
            due += [one.id for one in undecided]
            messages -= len(undecided)
            size -= sum(one.size for one in undecided)
            undecided.clear()
        elif mail.date <= now:
            break
    return due


class SteadyClock:
    """A clock that is doubted for a while after it was set forward: all mail would be too old, and gone."""

    def __init__(self, clock: Callable[[], datetime], timer: Callable[[], float] = _measure_time) -> None:
        """`timer` gives seconds and cannot be set."""
        self._clock = clock
        self._timer = timer
        self._believed = clock(), timer()
        self._doubted_at: float | None = None

    def __call__(self) -> datetime:
        """Return what time it is, or would be had the clock not been set forward."""
        date, now = self._clock(), self._timer()
        steady = self._believed[0] + timedelta(seconds=now - self._believed[1])
        if date - steady > timedelta(seconds=_JUMP_S):
            if self._doubted_at is None:
                self._doubted_at = now
                _log.warning("the clock went from %s to %s: no mail is too old by that for an hour", steady, date)
            if now - self._doubted_at < _DOUBT_S:
                return steady
        self._believed, self._doubted_at = (date, now), None
        return date


class Retention:
    """Deletes what is due, every `interval_s` and once at start, and gives the space back."""

    def __init__(
        self, store: MailStore, limits: RetentionLimits, interval_s: float, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._waiting = OutageLog(_log, "retention goes on", logging.WARNING)
        self._limits = limits
        self._interval_s = interval_s
        self._clock = clock
        self._arrived_messages = self._arrived_bytes = 0
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

    async def sweep(self) -> int:
        """Delete what is due now; return how many messages went."""
        deleted = 0
        self._arrived_messages = self._arrived_bytes = 0
        self._is_early.clear()
        while not self._limits.keeps_everything:
            began, arrived, now = time.monotonic(), self._arrived_messages, self._clock()
            usage = await self._measure()
            due = find_due(await self._list_oldest(now), usage, self._limits, now)
            if not due:
                break
            deleted += await self._store.delete(due, may_return=True)
            if self._arrived_messages > arrived and not self._is_overfull(usage):
                await asyncio.sleep(min((time.monotonic() - began) * _PAUSE_TIMES, _PAUSE_MAX_S))
        while await self._store.reclaim():
            pass
        return deleted

    async def _list_oldest(self, now: datetime) -> Sequence[Aged]:
        """List some of the oldest messages, until one that is not dated in the future."""
        rows = _BATCH_ROWS
        while True:
            oldest = await self._store.list_oldest(rows)
            if len(oldest) < rows or oldest[-1].date <= now or rows >= _MOST_ROWS:
                return oldest
            rows *= 10

    async def _measure(self) -> Usage:
        """Count what is stored; its size is what it takes with all that comes on top, where that can be told."""
        usage = await self._store.measure()
        if self._limits.max_bytes is None:
            return usage
        return replace(usage, size=max(usage.size, await self._store.measure_disk() - _DISK_BYTES))

    def _is_overfull(self, usage: Usage) -> bool:
        """Tell whether a limit is passed by so much that senders have to wait for the room."""
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
