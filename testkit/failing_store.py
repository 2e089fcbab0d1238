"""A store that wraps another store, and fails or waits on demand."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, TypeVar

from edgemail.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from edgemail.model import Envelope, MailId, Summary
    from edgemail.store.base import (
        Aged,
        Arrival,
        DiskBacked,
        JsonListings,
        JsonPage,
        ListingRow,
        Mailbox,
        MailCounts,
        SmallMail,
        SourceShare,
        Usage,
    )
    from edgemail.store.query import MailQuery
    from edgemail.store.webhook_queue import Backlog, DueMail, Noted, WebhookQueue

_T = TypeVar("_T")
_S = TypeVar("_S")


class FailingStore:
    """A `Mailbox` that passes calls on to another one, until it is told to fail or to wait."""

    def __init__(self, store: Mailbox) -> None:
        self._store = store
        self._error: Exception | None = None
        self._writes_left = math.inf
        self._go_on = asyncio.Event()
        self._go_on.set()
        self._adding: set[asyncio.Task[None]] = set()
        self.webhook_queue = FailingQueue(store.webhook_queue, self._write)

    def fail(self, error: Exception, *, after: int = 0) -> None:
        """Raise `error` from now on, once `after` more messages have been written.

        To write is to add, delete or summarise. A full store still reads; one that is unavailable
        does nothing.
        """
        self._error, self._writes_left = error, after

    def mend(self) -> None:
        """Stop failing."""
        self._error, self._writes_left = None, math.inf

    def pause(self) -> None:
        """Let every call wait, as a slow store does, until `resume`."""
        self._go_on.clear()

    def resume(self) -> None:
        """Release the waiting calls, in order."""
        self._go_on.set()

    @property
    def disk(self) -> DiskBacked | None:
        """The wrapped store's file, if it has one."""
        return self._store.disk

    @property
    def blocking(self) -> None:
        """None: a thread could not wait with the other calls."""
        return

    @property
    def json_listings(self) -> FailingListings:
        """The wrapped store's, which fail as it does."""
        return FailingListings(self._store.json_listings, self._read)

    def add(self, envelope: Envelope) -> asyncio.Future[MailId]:
        """Keep a message, or fail."""
        future: asyncio.Future[MailId] = asyncio.get_running_loop().create_future()

        async def keep() -> None:
            try:
                await self._write(1)
                mail_id = await self._store.add(envelope)
            except Exception as error:
                if not future.done():
                    future.set_exception(error)
            else:
                if not future.done():
                    future.set_result(mail_id)

        task = asyncio.create_task(keep())
        self._adding.add(task)
        task.add_done_callback(self._adding.discard)
        return future

    def watch(self, observer: Callable[[Sequence[Arrival]], None]) -> None:
        """Watch the other store."""
        self._store.watch(observer)

    def follow_others(self) -> AbstractContextManager[None]:
        """Follow the other store's others."""
        return self._store.follow_others()

    async def list_inbox(
        self, inbox: str, *, limit: int, before: int | None = None, after: int = 0, oldest_first: bool = False
    ) -> list[ListingRow]:
        """List an inbox, or fail."""
        await self._read()
        return await self._store.list_inbox(
            inbox, limit=limit, before=before, after=after, oldest_first=oldest_first
        )

    async def search_inbox(
        self, inbox: str, terms: Sequence[str], *, limit: int, before: int | None = None
    ) -> list[ListingRow]:
        """Search an inbox, or fail."""
        await self._read()
        return await self._store.search_inbox(inbox, terms, limit=limit, before=before)

    async def list_mail(
        self, *, limit: int, before: int | None = None, after: int = 0, oldest_first: bool = False
    ) -> list[ListingRow]:
        """List all mail, or fail."""
        await self._read()
        return await self._store.list_mail(limit=limit, before=before, after=after, oldest_first=oldest_first)

    async def search_mail(
        self, query: MailQuery, *, limit: int, before: int | None = None, after: int = 0, offset: int = 0
    ) -> list[ListingRow]:
        """Search all mail, or fail."""
        await self._read()
        return await self._store.search_mail(query, limit=limit, before=before, after=after, offset=offset)

    async def find_mail(
        self, query: MailQuery, *, limit: int, before: int | None = None, after: int = 0
    ) -> list[MailId]:
        """Find ids, or fail."""
        await self._read()
        return await self._store.find_mail(query, limit=limit, before=before, after=after)

    async def read_words(self, *, after: int, before: int) -> dict[MailId, str]:
        """Read words, or fail."""
        await self._read()
        return await self._store.read_words(after=after, before=before)

    async def count_mail(self, query: MailQuery, *, before: int | None = None) -> MailCounts:
        """Count mail, or fail."""
        await self._read()
        return await self._store.count_mail(query, before=before)

    async def mark(self, mail_ids: Sequence[MailId], *, is_read: bool) -> int:
        """Mark messages, some of them where it fails half way, or fail."""
        return sum(await self._write_parts(mail_ids, lambda part: self._store.mark(part, is_read=is_read)))

    async def set_tags(self, mail_ids: Sequence[MailId], tags: Sequence[str]) -> int:
        """Tag messages, some of them where it fails half way, or fail."""
        return sum(await self._write_parts(mail_ids, lambda part: self._store.set_tags(part, tags)))

    async def rename_tag(self, name: str, new_name: str | None) -> int:
        """Rename a tag, or fail."""
        await self._write(1)
        return await self._store.rename_tag(name, new_name)

    async def count_read(self) -> int:
        """Count what is read, or fail."""
        await self._read()
        return await self._store.count_read()

    async def list_tags(self, limit: int) -> dict[str, int]:
        """List tags, or fail."""
        await self._read()
        return await self._store.list_tags(limit)

    async def read_row(self, mail_id: MailId) -> ListingRow:
        """Read a row, or fail."""
        await self._read()
        return await self._store.read_row(mail_id)

    async def read_small(self, mail_id: MailId, inbox: str | None = None) -> SmallMail:
        """Read a row and a small message, or fail."""
        await self._read()
        return await self._store.read_small(mail_id, inbox)

    async def read_data(self, mail_id: MailId) -> bytes:
        """Read a message, or fail."""
        await self._read()
        return await self._store.read_data(mail_id)

    async def read_pieces(self, mail_id: MailId) -> AsyncIterator[bytes]:
        """Read a message in pieces, or fail at one of them."""
        await self._read()
        async for piece in self._store.read_pieces(mail_id):
            yield piece
            await self._read()

    async def delete(self, mail_ids: Sequence[MailId], *, may_return: bool = False) -> int:
        """Delete messages, some of them where it fails half way, or fail."""
        return sum(await self._write_parts(mail_ids, lambda part: self._store.delete(part, may_return=may_return)))

    async def delete_inbox(self, inbox: str) -> int:
        """Empty an inbox, or fail."""
        await self._write(1)
        return await self._store.delete_inbox(inbox)

    async def delete_from_inbox(self, inbox: str, mail_id: MailId) -> bool:
        """Take a message out of an inbox, or fail."""
        await self._write(1)
        return await self._store.delete_from_inbox(inbox, mail_id)

    async def trim_inboxes(
        self,
        inboxes: Sequence[str],
        *,
        max_messages: int | None,
        max_bytes: int | None,
        share: SourceShare | None = None,
    ) -> list[Usage]:
        """Trim inboxes, some of them where it fails half way, or fail."""
        left = await self._write_parts(
            inboxes,
            lambda part: self._store.trim_inboxes(
                part, max_messages=max_messages, max_bytes=max_bytes, share=share
            ),
        )
        return [usage for usages in left for usage in usages]

    async def list_unsummarized(self, after: int, *, max_rows: int, max_bytes: int) -> list[tuple[MailId, bytes]]:
        """List what has no summary, or fail."""
        await self._read()
        return await self._store.list_unsummarized(after, max_rows=max_rows, max_bytes=max_bytes)

    async def add_summaries(self, summaries: Sequence[tuple[MailId, Summary]]) -> None:
        """Keep summaries, some of them where it fails half way, or fail."""
        await self._write_parts(summaries, self._store.add_summaries)

    async def measure(self) -> Usage:
        """Count what is stored, or fail."""
        await self._read()
        return await self._store.measure()

    async def list_oldest(self, limit: int) -> list[Aged]:
        """List the oldest messages, or fail."""
        await self._read()
        return await self._store.list_oldest(limit)

    async def check(self) -> None:
        """Return if it would not fail."""
        await self._write(0)
        await self._store.check()

    async def close(self) -> None:
        """Finish what is under way, then close the other store."""
        self.resume()
        if self._adding:
            await asyncio.wait(self._adding)
        await self._store.close()

    async def _read(self) -> None:
        await self._go_on.wait()
        if isinstance(self._error, StoreUnavailable) and not self._writes_left:
            raise self._error

    async def _write(self, messages: int) -> None:
        await self._go_on.wait()
        if self._error is not None and self._writes_left < max(messages, 1):
            raise self._error
        self._writes_left -= messages

    async def _write_parts(self, whole: Sequence[_T], write: Callable[[Sequence[_T]], Awaitable[_S]]) -> list[_S]:
        """Write all of it; where it fails half way, write what comes before, then raise."""
        first = min(len(whole), self._writes_left)
        done = []
        for part in (whole[: int(first)], whole[int(first) :]):
            if part:
                await self._write(len(part))
                done.append(await write(part))
        return done


class FailingListings:
    """The other store's pages as JSON, which fail and wait with it."""

    def __init__(self, listings: JsonListings, read: Callable[[], Awaitable[None]]) -> None:
        self._listings = listings
        self._read = read

    async def list_inbox_json(
        self, inbox: str, *, limit: int, before: int | None = None, after: int = 0
    ) -> JsonPage | None:
        """List, or fail."""
        await self._read()
        return await self._listings.list_inbox_json(inbox, limit=limit, before=before, after=after)

    async def search_inbox_json(
        self, inbox: str, terms: Sequence[str], *, limit: int, before: int | None = None
    ) -> JsonPage | None:
        """Search, or fail."""
        await self._read()
        return await self._listings.search_inbox_json(inbox, terms, limit=limit, before=before)


class FailingQueue:
    """The other store's queue, which fails and waits with it."""

    def __init__(self, queue: WebhookQueue, write: Callable[[int], Awaitable[None]]) -> None:
        self._queue = queue
        self._write = write
        self.begins = 0
        """How often it has begun."""

    async def begin(self) -> None:
        """Begin, or fail."""
        await self._write(0)
        await self._queue.begin()
        self.begins += 1

    async def note_new(
        self, is_wanted: Callable[[Sequence[str]], bool], *, since: datetime, due_ms: int, max_waiting: int
    ) -> Noted:
        """Queue mail, or fail."""
        await self._write(0)
        return await self._queue.note_new(is_wanted, since=since, due_ms=due_ms, max_waiting=max_waiting)

    async def measure(self) -> Backlog:
        """Count, or fail."""
        await self._write(0)
        return await self._queue.measure()

    async def claim(self, name: str, *, now_ms: int, until_ms: int, limit: int) -> list[DueMail]:
        """Claim, or fail."""
        await self._write(0)
        return await self._queue.claim(name, now_ms=now_ms, until_ms=until_ms, limit=limit)

    async def finish(self, name: str, done: Sequence[MailId], later: Sequence[tuple[DueMail, int]]) -> None:
        """Finish, or fail."""
        await self._write(0)
        await self._queue.finish(name, done, later)

    async def make_due(self, *, after_ms: int, now_ms: int) -> None:
        """Make due, or fail."""
        await self._write(0)
        await self._queue.make_due(after_ms=after_ms, now_ms=now_ms)
