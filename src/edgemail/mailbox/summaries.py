"""Makes the summaries of new mail in the background, after the commit."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from edgemail import mime
from edgemail.errors import StoreFull, StoreUnavailable
from edgemail.mailbox.fresh_summaries import FreshSummaries
from edgemail.mailbox.sender_tags import find_sender_tags
from edgemail.model import Summary
from edgemail.system.job_thread import JobThread
from edgemail.system.outage_log import OutageLog

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from edgemail.model import MailId
    from edgemail.store.base import Arrival, Mailbox

_BATCH_ROWS = 32
_BATCH_BYTES = 8 * 2**20
"""The most octets of a batch, and of one message, as parsing takes four times as much memory.

A listing has the attachments that begin within these octets. An opened message has them all.
"""
_PAUSE_S = 0.02
_SHARE = 0.5
"""The most of one core that parsing may use: it holds the GIL, which the SMTP sessions need."""
_SHARE_UNDER_LOAD = 0.02
_LOAD_MESSAGES = 4
"""More new messages than this since the last batch are load. Listings then make summaries.

Each MiB counts as a message: it takes as long to parse as hundreds of small ones.
"""
_RETRY_S = 5.0
_MANY = 1_000
"""Say how far a run is that has made more summaries than this, as after an upgrade."""
_SAY_EVERY_S = 15.0
_NOTHING = Summary("", "", "", (), (), ())

_log = logging.getLogger(__name__)


@dataclass
class _CatchUpProgress:
    """The number of summaries that a run has made. `next_s` is when the log says it again (monotonic)."""

    made: int = 0
    next_s: float = 0.0
    is_said: bool = False


class Summarizer:
    """Summarises stored mail in order of id, from the store, so that no queue is in memory."""

    def __init__(
        self,
        store: Mailbox,
        find_source: Callable[[bytes], str],
        set_tags: Callable[[Sequence[MailId], Sequence[str]], Awaitable[object]] | None = None,
        tell: Callable[[], None] = lambda: None,
        fresh: FreshSummaries | None = None,
    ) -> None:
        """`find_source` reads a stored message's source from its beginning, for `Summary.source`.

        `set_tags` gives a message the tags that it brings along; None leaves it without. `tell` is called
        after new mail has its summaries and tags, whichever program made them. `fresh` has what is being made.
        """
        self._store = store
        self._find_source = find_source
        self._waiting = OutageLog(_log, "summaries go on", logging.WARNING)
        self._news = asyncio.Event()
        self._news.set()
        self._arrived = 0
        self._set_tags = set_tags
        self._tell = tell
        self._first_arrival: MailId | None = None
        """Only what has arrived since the start is tagged: people may have changed the tags of the rest."""
        self._fresh = fresh or FreshSummaries()
        self._thread = JobThread("edgemail-summaries")
        store.watch(self._wake)

    async def run(self) -> None:
        """Summarise until cancelled."""
        seen = 0
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                seen = await self._catch_up(seen)
                self._tell()
                self._waiting.end()
            except (StoreUnavailable, StoreFull, OSError) as error:
                is_parser = isinstance(error, OSError)
                self._waiting.begin(
                    f"summaries wait for the {'parser, which cannot be loaded' if is_parser else 'store'}"
                )
                await asyncio.sleep(_RETRY_S)
                self._news.set()

    async def _catch_up(self, seen: int) -> int:
        progress = _CatchUpProgress()
        while batch := await self._store.list_unsummarized(seen, max_rows=_BATCH_ROWS, max_bytes=_BATCH_BYTES):
            with self._fresh.making(batch) as give:
                summaries, busy_s = await self._thread.do(partial(_summarize, batch, self._find_source))
                give(summaries)
                await self._tag(batch, summaries)  # first: who waits for the summary finds the tags
                await self._store.add_summaries(summaries)
            self._tell()
            seen = batch[-1][0]
            await self._say(progress, len(batch), seen)
            del batch  # otherwise two batches are in memory while the next one is read
            share = _SHARE_UNDER_LOAD if self._arrived > _LOAD_MESSAGES else _SHARE
            self._arrived = 0
            await asyncio.sleep(max(_PAUSE_S, busy_s / share - busy_s))
        if progress.is_said:
            _log.info("all mail has its summary: made %d", progress.made)
        return seen

    async def _say(self, progress: _CatchUpProgress, made: int, seen: MailId) -> None:
        """Say from time to time how much of a long run is done."""
        progress.made += made
        now = time.monotonic()
        if progress.made <= _MANY or now < progress.next_s:
            return
        progress.is_said, progress.next_s = True, now + _SAY_EVERY_S
        newest = await self._store.list_mail(limit=1)
        last = newest[0].mail.id if newest else seen
        _log.info("made %d summaries, up to message %d of %d; mail is taken meanwhile", progress.made, seen, last)

    async def _tag(
        self, batch: Sequence[tuple[MailId, bytes]], summaries: Sequence[tuple[MailId, Summary]]
    ) -> None:
        if self._set_tags is None or self._first_arrival is None:
            return
        for (mail_id, data), (_, summary) in zip(batch, summaries, strict=True):
            if mail_id >= self._first_arrival and (tags := find_sender_tags(data, summary)):
                await self._set_tags([mail_id], tags)

    def _wake(self, arrivals: Sequence[Arrival]) -> None:
        if self._first_arrival is None and arrivals:
            self._first_arrival = arrivals[0].id
        self._arrived += sum([1 + arrival.size // 2**20 for arrival in arrivals])
        self._news.set()


def _summarize(
    batch: Sequence[tuple[MailId, bytes]], find_source: Callable[[bytes], str]
) -> tuple[list[tuple[MailId, Summary]], float]:
    """Return the summaries and the CPU seconds that they took.

    Raises:
        OSError: the parser cannot be loaded now.
    """
    mime.load()
    started = time.thread_time()
    summaries = [
        (mail_id, replace(_summarize_one(mail_id, data), source=find_source(data))) for mail_id, data in batch
    ]
    return summaries, time.thread_time() - started


def _summarize_one(mail_id: MailId, data: bytes) -> Summary:
    """Summarise a message; return an empty summary if the parser crashes, and go on."""
    try:
        return mime.summarize(data)
    except Exception:
        _log.exception("message %d cannot be summarised", mail_id)
        return _NOTHING
