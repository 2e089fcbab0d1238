"""Tells the receiver of new mail, a few messages at a time, from a queue in the database.

Mail is queued after its commit, and told about once it has a summary: no sender waits for any of this. The
queue is in no memory here, so a receiver that is slow, or away, costs a few connections and rows.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from edgemail.errors import StoreFull, StoreUnavailable
from edgemail.model import ListedMail
from edgemail.settings.address_patterns import Patterns
from edgemail.store.webhook_queue import DueMail
from edgemail.system.minute_log import MinuteLog
from edgemail.system.outage_log import OutageLog
from edgemail.webhook.try_times import TRIES_MAX, TryTimes, find_retry_s

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edgemail.model import MailId
    from edgemail.store.base import Mailbox
    from edgemail.system.metrics import WebhookCounters
    from edgemail.webhook.receiver import Receiver, TryFailure

WAITING_MAX: Final = 10_000
_MAX_AGE: Final = timedelta(days=1)
"""Mail that came longer ago, while no program told of mail, is not told about."""
_CLAIM_S: Final = 30.0
"""How long a message is this program's: more than the time that a request may take."""
_CLOCK_TICK_MS: Final = 1000
"""More than any clock's tick. One that went back further is believed."""
_POLL_S: Final = 1.0
"""How often mail is looked for that is due and has no summary yet, or is another program's."""
_LOOK_S: Final = 60.0
_STORE_RETRY_S: Final = 5.0
_STOP_S: Final = 1.0
_LATEST_S: Final = 2 * 3600.0
"""No message is due later than this, but for a delay that is set: else the clock was set back."""

_log = logging.getLogger(__name__)


class Teller:
    """Tells one receiver of mail."""

    def __init__(
        self,
        store: Mailbox,
        receiver: Receiver,
        write: Callable[[ListedMail], bytes],
        counters: WebhookCounters,
        *,
        addresses: Sequence[str] = (),
        interval_s: float | None = None,
        delay_s: float | None = None,
        clock: Callable[[], float] = time.time,
        max_waiting: int = WAITING_MAX,
    ) -> None:
        """Tell of mail to `addresses`, which are patterns; of all mail where there are none.

        `write` makes what is sent of a message. Requests begin `interval_s` apart, and none before
        `delay_s` has passed.
        """
        self._store = store
        self._queue = store.webhook_queue
        self._receiver = receiver
        self._write = write
        self._counters = counters
        self._patterns = Patterns(addresses)
        self._times = TryTimes(interval_s)
        self._delay_s = delay_s or 0.0
        self._latest_s = _LATEST_S + self._delay_s
        self._clock = clock
        self._max_waiting = max_waiting
        self._name = secrets.token_hex(8)
        self._has_begun = False
        self._news = asyncio.Event()
        self._under_way: dict[MailId, asyncio.Task[None]] = {}
        self._claimed_until_ms = 0
        self._done: list[MailId] = []
        self._later: list[tuple[DueMail, int]] = []
        self._minute_log = MinuteLog(_log)
        self._store_outage = OutageLog(_log, "the webhook goes on", logging.WARNING)

    def wake(self) -> None:
        """Look for new mail soon."""
        self._news.set()

    async def run(self) -> None:
        """Tell of mail until cancelled. What is under way then has a moment to end.

        The queue is begun here unless it was begun before.
        """
        try:
            while True:
                self._news.clear()
                try:
                    wait_s = await self._take_turn()
                    self._store_outage.end()
                except (StoreUnavailable, StoreFull):
                    self._store_outage.begin("the webhook waits for the store")
                    await asyncio.sleep(_STORE_RETRY_S)
                    continue
                self._minute_log.sweep()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await self._news.wait()
        finally:
            await self._stop()

    async def _take_turn(self) -> float:
        """Write down what was done, queue new mail, begin to tell; return when to do so again, in seconds."""
        if not self._has_begun:
            await self._queue.begin()
            self._has_begun = True
        await self._write_results()
        await self._note_new()
        backlog = await self._queue.measure()
        self._counters.waiting = backlog.waiting
        if backlog.due_ms is None:
            return _LOOK_S
        due_in_s = backlog.due_ms / 1000 - self._clock()
        if due_in_s > self._latest_s:
            now_ms = self._now_ms()
            await self._queue.make_due(after_ms=now_ms + int(self._latest_s * 1000), now_ms=now_ms)
            return 0.0
        if due_in_s > 0:
            return min(due_in_s, _LOOK_S)
        now_s = time.monotonic()
        free = self._times.count_free(len(self._under_way), now_s)
        if not free:  # a request that ends wakes as well
            return min(self._times.wait_s(now_s) or _LOOK_S, _LOOK_S)
        return 0.0 if await self._begin_some(free) else _POLL_S

    async def _note_new(self) -> None:
        has_more = True
        while has_more:
            _, dropped, has_more = await self._queue.note_new(
                self._is_wanted,
                since=datetime.fromtimestamp(self._clock(), UTC) - _MAX_AGE,
                due_ms=self._now_ms() + int(self._delay_s * 1000),
                max_waiting=self._max_waiting,
            )
            if dropped:
                self._counters.dropped += dropped
                self._minute_log.note(
                    "dropped",
                    f"webhook {self._receiver.name} is not told of the oldest mail, "
                    f"{self._counters.dropped} messages so far, as {self._max_waiting} messages wait",
                )

    async def _begin_some(self, limit: int) -> int:
        """Begin to tell of up to `limit` messages; return of how many."""
        now_ms = self._now_ms()
        until_ms = now_ms + int(_CLAIM_S * 1000)
        # The end of a claim is what its mail is found by: another one each time, also where a clock stands still.
        if 0 <= self._claimed_until_ms - until_ms < _CLOCK_TICK_MS:
            until_ms = self._claimed_until_ms + 1
        self._claimed_until_ms = until_ms
        claimed = await self._queue.claim(self._name, now_ms=now_ms, until_ms=until_ms, limit=limit)
        fresh = [mail for mail in claimed if mail.mail_id not in self._under_way]
        for mail in fresh:
            self._times.begin(time.monotonic())
            self._under_way[mail.mail_id] = asyncio.create_task(self._tell(mail))
        return len(fresh)

    async def _tell(self, mail: DueMail) -> None:
        """Tell of a message, and note for the next turn what became of it."""
        put_back: tuple[DueMail, int] | None = (mail, self._now_ms())  # where the program stops meanwhile
        try:
            put_back = await self._try(mail)
        except (StoreUnavailable, StoreFull):
            put_back = (mail, self._now_ms() + int(_STORE_RETRY_S * 1000))
        except Exception:
            _log.exception("message %d cannot be told about", mail.mail_id)
            self._counters.failures["error"] += 1
            self._times.fail(time.monotonic())
            put_back = self._put_off(mail)
        finally:
            if put_back is None:
                self._done.append(mail.mail_id)
            else:
                self._later.append(put_back)
            del self._under_way[mail.mail_id]
            self._news.set()

    async def _try(self, mail: DueMail) -> tuple[DueMail, int] | None:
        """Tell of a message; return when to do so again, None for never."""
        rows = await self._store.list_mail(limit=1, before=mail.mail_id + 1, after=mail.mail_id - 1)
        if not rows:
            return None  # it was deleted
        row = rows[0]
        if row.summary is None:  # another version has dropped it: it is made again
            return mail, self._now_ms() + int(_POLL_S * 1000)
        told = tuple(recipient for recipient in row.mail.recipients if self._is_wanted([recipient]))
        if not told:  # the patterns have changed
            return None
        body = self._write(ListedMail(replace(row.mail, recipients=told), row.summary, row.is_read, row.tags))
        failure = await self._receiver.post(body)
        if failure is None:
            self._counters.told += 1
            self._times.succeed()
            return None
        self._note_failure(failure)
        return self._put_off(mail, failure.retry_after_s)

    def _note_failure(self, failure: TryFailure) -> None:
        self._counters.failures[failure.reason] += 1
        waiting = self._counters.waiting
        wait = "message waits" if waiting == 1 else "messages wait"
        text = f"webhook {self._receiver.name} {failure.text}; {waiting} {wait} for it"
        self._minute_log.note(failure.reason, text)
        if failure.is_outage:
            self._times.fail(time.monotonic(), failure.retry_after_s)

    def _put_off(self, mail: DueMail, retry_after_s: float = 0.0) -> tuple[DueMail, int] | None:
        """Return when a message that was tried is tried again, None where it was tried often enough."""
        attempts = mail.attempts + 1
        if attempts >= TRIES_MAX:
            self._counters.given_up += 1
            self._minute_log.note(
                "given_up", f"webhook {self._receiver.name} did not take message {mail.mail_id} in {attempts} tries"
            )
            return None
        retry_s = max(find_retry_s(attempts), retry_after_s)
        return DueMail(mail.mail_id, attempts), self._now_ms() + int(retry_s * 1000)

    async def _write_results(self) -> None:
        done, later = self._done, self._later
        self._done, self._later = [], []
        try:
            await self._queue.finish(self._name, done, later)
        except (StoreUnavailable, StoreFull):
            self._done[:0], self._later[:0] = done, later
            raise

    async def _stop(self) -> None:
        """Let what is under way end for a moment; put the rest back for the next start."""
        tasks = list(self._under_way.values())
        if tasks:
            await asyncio.wait(tasks, timeout=_STOP_S)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(StoreUnavailable, StoreFull, TimeoutError):
            async with asyncio.timeout(_STOP_S):
                await self._write_results()
        await self._receiver.close()

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)

    def _is_wanted(self, recipients: Sequence[str]) -> bool:
        return not self._patterns or any(map(self._patterns.match, recipients))
