"""Group commit: all messages that arrive while one commit runs go into the next one."""

from __future__ import annotations

import asyncio
import logging
import math
from bisect import bisect_left
from typing import TYPE_CHECKING

from edgemail.errors import StoreFull, StoreUnavailable
from edgemail.system.metrics import CommitCounters

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from edgemail.model import Envelope, MailId

    _Waiting = tuple[Envelope, asyncio.Future[MailId], float]

_log = logging.getLogger(__name__)


class GroupCommit:
    """Gathers messages into batches and commits one batch at a time.

    `commit` keeps a whole batch or, by raising, none of it. Its second argument is when the batch's
    first message arrived, by the event loop's clock. `max_rows` and `max_bytes` bound a batch; a
    message above `max_bytes` is committed alone. `max_waiting_bytes` bounds the waiting messages in
    memory; whoever spools counts the spools. A message that has waited for longer than `max_wait_s`
    is refused: its sender could be told to try again before the commit ends.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Envelope], float], Awaitable[Sequence[MailId]]],
        *,
        max_rows: int,
        max_bytes: int,
        max_waiting_bytes: int,
        max_wait_s: float = math.inf,
        counters: CommitCounters | None = None,
    ) -> None:
        self._commit = commit
        self._counters = counters or CommitCounters()
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._max_waiting_bytes = max_waiting_bytes
        self._max_wait_s = max_wait_s
        self._waiting: list[_Waiting] = []
        self._waiting_bytes = 0
        self._running: asyncio.Task[None] | None = None

    def add(self, envelope: Envelope) -> asyncio.Future[MailId]:
        """Put a message into the next batch; see `Mailbox.add`."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[MailId] = loop.create_future()
        if self._waiting_bytes > self._max_waiting_bytes:
            future.set_exception(StoreUnavailable("too much mail waits to be committed"))
            return future
        self._waiting.append((envelope, future, loop.time()))
        self._waiting_bytes += len(envelope.data)
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return future

    async def drain(self) -> None:
        """Return once no message waits."""
        while self._running is not None:
            await asyncio.wait([self._running])

    async def _run(self) -> None:
        loop, counters = asyncio.get_running_loop(), self._counters
        while self._waiting:
            began = loop.time()
            self._refuse_before(began - self._max_wait_s)
            batch = self._take()
            if not batch:
                break
            try:
                ids = await self._commit([envelope for envelope, _, _ in batch], batch[0][2])
            except Exception as error:
                counters.failures += 1
                self._fail(batch, error)
            else:
                for (_, future, _), mail_id in zip(batch, ids, strict=True):
                    if not future.done():
                        future.set_result(mail_id)
            counters.seconds.add(loop.time() - began)
            counters.messages.add(len(batch))
            # Let the replies go out first: the thread that commits would compete with them for the
            # interpreter's lock, and would take a smaller batch.
            await asyncio.sleep(0)
        self._running = None

    def _refuse_before(self, time: float) -> None:
        """Refuse the messages that arrived before a time; they are the first in the queue."""
        count = bisect_left(self._waiting, time, key=lambda waiting: waiting[2])
        if count:
            refused, self._waiting = self._waiting[:count], self._waiting[count:]
            self._waiting_bytes -= sum(len(envelope.data) for envelope, _, _ in refused)
            self._fail(refused, StoreUnavailable("the commits before it took too long"))

    def _take(self) -> list[_Waiting]:
        size = in_memory = count = 0
        for envelope, _, _ in self._waiting[: self._max_rows]:
            size += envelope.size
            if count and size > self._max_bytes:
                break
            in_memory += len(envelope.data)
            count += 1
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        self._waiting_bytes -= in_memory
        return batch

    @staticmethod
    def _fail(batch: list[_Waiting], error: Exception) -> None:
        if not isinstance(error, StoreUnavailable | StoreFull):
            _log.error("a commit failed with an unexpected error", exc_info=error)
            error = StoreUnavailable("the commit failed")
        for _, future, _ in batch:
            if not future.done():
                future.set_exception(error)


async def load_spooled(batch: Sequence[Envelope]) -> Sequence[Envelope]:
    """Return a batch with all of it in memory, for a store that can write nothing in pieces.

    Raises:
        StoreUnavailable: a spool cannot be read.
    """
    if all(envelope.spool is None for envelope in batch):
        return batch
    return await asyncio.to_thread(lambda: [envelope.load() for envelope in batch])
