"""What senders and readers do with mail: deliver, list, search, read, wait, delete."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, TypeVar

from edgemail import mime
from edgemail.errors import MessageNotFound
from edgemail.mailbox.arrivals import ArrivalNotifier
from edgemail.model import ListedMail, StoredMail
from edgemail.store.base import ListingRow
from edgemail.system.switch_interval import short_switch_interval

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from edgemail.model import Attachment, Envelope, MailId, ParsedMessage
    from edgemail.store.base import Arrival, Mailbox

PAGE_MAX = 200
"""The most messages in one page of a listing."""

_ID_MAX = 2**63 - 1
_LARGE_BYTES = 256 * 1024
_T = TypeVar("_T")


class Inbox:
    """The operations on mail, over any store."""

    def __init__(self, store: Mailbox) -> None:
        self._store = store
        self._notifier = ArrivalNotifier()
        self._large_at_once = asyncio.Semaphore(1)
        store.watch(self._announce)

    def deliver(self, envelope: Envelope) -> asyncio.Future[MailId]:
        """Store a message; see `Mailbox.add`."""
        return self._store.add(envelope)

    async def list_page(
        self, inbox: str, *, limit: int, before: int | None = None, after: int = 0, oldest_first: bool = False
    ) -> list[ListedMail]:
        """List mail of an inbox with ids below `before` and above `after`, newest first by default.

        `limit` may be PAGE_MAX + 1: the extra message tells the caller that another page follows.
        """
        rows = await self._store.list_inbox(
            inbox, limit=min(limit, PAGE_MAX + 1), before=before, after=after, oldest_first=oldest_first
        )
        return await _summarize(rows, inbox)

    async def search(
        self, inbox: str, text: str, *, limit: int, before: int | None = None
    ) -> tuple[list[ListedMail], int | None]:
        """Find mail of an inbox that has every word of `text` in its sender, subject or body.

        Returns a page, newest first, and the value of `before` for the next page (None at the end).
        A page may have fewer than `limit` messages, or none, although more pages follow.
        """
        terms = text.lower().split()
        limit = min(limit, PAGE_MAX)
        rows = await self._store.search_inbox(inbox, terms, limit=limit + 1, before=before)
        listed = await _summarize(rows[:limit], inbox)
        fresh = {row.mail.id for row in rows if row.summary is None}
        found = [
            message
            for message in listed
            if message.mail.id not in fresh or all(term in message.summary.words for term in terms)
        ]
        return found, rows[limit - 1].mail.id if len(rows) > limit else None

    async def read(
        self, mail_id: MailId, write: Callable[[ListedMail, ParsedMessage], _T], inbox: str | None = None
    ) -> _T:
        """Parse a message in a worker thread and return what `write` makes of it there.

        With `inbox`, as in the two methods below, only a message of that inbox is found, and only
        that recipient is named.

        Raises:
            MessageNotFound: no message has this id.
        """
        row = await self._find(mail_id, inbox)

        def take_apart(data: bytes) -> _T:
            content = mime.read(data)
            return write(ListedMail(row.mail, content.summary), content)

        return await self._take_apart(row, take_apart)

    async def read_raw(self, mail_id: MailId, inbox: str | None = None) -> bytes:
        """Read a message, octet for octet.

        Raises:
            MessageNotFound: no message has this id.
        """
        if inbox is not None:
            await self._find(mail_id, inbox)
        return await self._store.read_data(mail_id)

    async def read_attachment(
        self, mail_id: MailId, index: int, inbox: str | None = None
    ) -> tuple[Attachment, bytes]:
        """Read one attachment, decoded.

        Raises:
            MessageNotFound: no message has this id.
            AttachmentNotFound: the message has no attachment with this number.
        """
        row = await self._find(mail_id, inbox)
        return await self._take_apart(row, lambda data: mime.attachment(data, index))

    async def wait(
        self, inbox: str, *, after: int | None, timeout_s: float, matches: Callable[[ListedMail], bool]
    ) -> ListedMail | None:
        """Wait for a message that `matches`; return None after `timeout_s`.

        With `after`, return the first match above that id. Without, return the newest match that
        is stored already, else the next to arrive: a reader who wants a code wants the latest.
        """
        deadline = time.monotonic() + timeout_s
        with self._notifier.subscribe(inbox) as subscription:
            seen = after or 0
            newest_first = after is None
            while not subscription.is_closed:
                async for page in self._pages(inbox, seen, newest_first=newest_first):
                    for listed in page:
                        if matches(listed):
                            return listed
                    seen = max(seen, *(listed.mail.id for listed in page))
                newest_first = False
                left_s = deadline - time.monotonic()
                if left_s <= 0 or not await subscription.wait(left_s):
                    return None
        return None

    async def last_id(self, inbox: str) -> int:
        """Return the id of the newest message of an inbox, 0 for an empty inbox."""
        newest = await self._store.list_inbox(inbox, limit=1)
        return newest[0].mail.id if newest else 0

    async def follow(self, inbox: str, after: int) -> AsyncIterator[ListedMail]:
        """Yield messages above the id `after`, then new ones as they arrive, each once, in order.

        Ends when the server stops.
        """
        with self._notifier.subscribe(inbox) as subscription:
            seen = after
            while not subscription.is_closed:
                async for page in self._pages(inbox, seen, newest_first=False):
                    for listed in page:
                        seen = listed.mail.id
                        yield listed
                await subscription.wait(None)

    async def delete(self, mail_id: MailId) -> None:
        """Delete a message for all its recipients.

        Raises:
            MessageNotFound: no message has this id.
        """
        if not await self._store.delete([mail_id]):
            raise MessageNotFound(f"there is no message {mail_id}")

    async def delete_from(self, inbox: str, mail_id: MailId) -> None:
        """Delete a message from one inbox; other recipients keep their copies.

        Raises:
            MessageNotFound: the inbox has no message with this id.
        """
        if not await self._store.delete_from_inbox(inbox, mail_id):
            raise MessageNotFound(f"there is no message {mail_id}")

    async def delete_all(self, inbox: str) -> int:
        """Delete all mail of an inbox; return the number of messages that it had."""
        return await self._store.delete_inbox(inbox)

    async def check(self) -> None:
        """Return once the store has answered.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        await self._store.check()

    def close(self) -> None:
        """End every `wait` and `follow`."""
        self._notifier.close()

    async def _find(self, mail_id: MailId, inbox: str | None) -> ListingRow:
        """Read a message's row, in any inbox or in one.

        In one inbox, a message of somebody else costs the same look-up as one that does not exist.
        """
        if inbox is None:
            return await self._store.read_row(mail_id)
        rows = await self._store.list_inbox(
            inbox, limit=1, before=min(mail_id + 1, _ID_MAX), after=mail_id - 1, oldest_first=True
        )
        if not rows:
            raise MessageNotFound(f"there is no message {mail_id}")
        return ListingRow(_as_seen_by(inbox, rows[0].mail), rows[0].summary, rows[0].head)

    async def _take_apart(self, row: ListingRow, parse: Callable[[bytes], _T]) -> _T:
        """Read a message and parse it in a worker thread, large messages one at a time.

        Parsing holds the GIL. With several such threads, the event loop and the writer thread
        wait for each of them many times in a commit, and so do the senders.
        """
        async with contextlib.AsyncExitStack() as stack:
            if row.mail.size > _LARGE_BYTES:
                await stack.enter_async_context(self._large_at_once)
                stack.enter_context(short_switch_interval())
            return await asyncio.to_thread(parse, await self._store.read_data(row.mail.id))

    def _announce(self, arrivals: Sequence[Arrival]) -> None:
        self._notifier.publish(recipient for arrival in arrivals for recipient in arrival.recipients)

    async def _pages(self, inbox: str, after: int, *, newest_first: bool) -> AsyncIterator[list[ListedMail]]:
        """Yield all mail above `after`, page by page."""
        before: int | None = None
        while page := await self.list_page(
            inbox, limit=PAGE_MAX, before=before, after=after, oldest_first=not newest_first
        ):
            yield page
            if len(page) < PAGE_MAX:
                return
            if newest_first:
                before = page[-1].mail.id
            else:
                after = page[-1].mail.id


def _as_seen_by(inbox: str, mail: StoredMail) -> StoredMail:
    """Name one recipient alone: who knows an address learns of no other."""
    return StoredMail(mail.id, mail.date, mail.sender, (inbox,), mail.size)


async def _summarize(rows: Sequence[ListingRow], inbox: str) -> list[ListedMail]:
    """Add missing summaries, made from the first octets of each message in a worker thread."""
    heads = [row.head for row in rows if row.summary is None]
    made = iter(await asyncio.to_thread(lambda: [mime.summarize(head) for head in heads]) if heads else ())
    return [ListedMail(_as_seen_by(inbox, row.mail), row.summary or next(made)) for row in rows]
