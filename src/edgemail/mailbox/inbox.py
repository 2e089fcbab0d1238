"""The use cases: deliver, list, read, wait, delete."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, TypeVar

from edgemail import mime
from edgemail.errors import MessageNotFound
from edgemail.mailbox.arrivals import Arrivals
from edgemail.model import ListedMail
from edgemail.system.switch_interval import short_switch_interval

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from edgemail.model import Attachment, Envelope, MailId, ParsedMessage
    from edgemail.store.base import Arrival, ListingRow, MailStore

PAGE_MAX = 200
"""Messages in one page of a listing, at most."""

_LARGE_BYTES = 256 * 1024
_T = TypeVar("_T")


class Inbox:
    """Everything that a reader or a sender may do with mail, over whichever store."""

    def __init__(self, store: MailStore) -> None:
        self._store = store
        self._hub = Arrivals()
        self._large_at_once = asyncio.Semaphore(1)
        store.watch(self._announce)

    def deliver(self, envelope: Envelope) -> asyncio.Future[MailId]:
        """Keep a message; see `MailStore.add`."""
        return self._store.add(envelope)

    async def list_page(
        self, inbox: str, *, limit: int, before: int | None = None, after: int = 0, oldest_first: bool = False
    ) -> list[ListedMail]:
        """List one page of an inbox's mail with ids below `before` and above `after`, newest first unless told.

        One message beyond a full page may be asked for, to know whether there is another page.
        """
        rows = await self._store.list_inbox(
            inbox, limit=min(limit, PAGE_MAX + 1), before=before, after=after, oldest_first=oldest_first
        )
        return await _summarize(rows)

    async def search(
        self, inbox: str, text: str, *, limit: int, before: int | None = None
    ) -> tuple[list[ListedMail], int | None]:
        """Find an inbox's mail that has every word of `text`, newest first, in sender, subject or text.

        Returns a page, and the id to go on before: None at the end. A page may be short of `limit`, or empty.
        """
        terms = text.lower().split()
        limit = min(limit, PAGE_MAX)
        rows = await self._store.search_inbox(inbox, terms, limit=limit + 1, before=before)
        listed = await _summarize(rows[:limit])
        fresh = {row.mail.id for row in rows if row.summary is None}
        found = [
            one for one in listed if one.mail.id not in fresh or all(term in one.summary.words for term in terms)
        ]
        return found, rows[limit - 1].mail.id if len(rows) > limit else None

    async def read(self, mail_id: MailId, write: Callable[[ListedMail, ParsedMessage], _T]) -> _T:
        """Read a message, taken apart, and `write` it in the same thread.

        Raises:
            MessageNotFound: there is none of that id.
        """
        row = await self._store.read_row(mail_id)

        def take_apart(data: bytes) -> _T:
            content = mime.read(data)
            return write(ListedMail(row.mail, content.summary), content)

        return await self._take_apart(row, take_apart)

    async def read_raw(self, mail_id: MailId) -> bytes:
        """Read a message, octet for octet.

        Raises:
            MessageNotFound: there is none of that id.
        """
        return await self._store.read_data(mail_id)

    async def read_attachment(self, mail_id: MailId, index: int) -> tuple[Attachment, bytes]:
        """Read one attachment, decoded.

        Raises:
            MessageNotFound: there is no message of that id.
            AttachmentNotFound: it has no attachment of that number.
        """
        row = await self._store.read_row(mail_id)
        return await self._take_apart(row, lambda data: mime.attachment(data, index))

    async def wait(
        self, inbox: str, *, after: int | None, timeout_s: float, matches: Callable[[ListedMail], bool]
    ) -> ListedMail | None:
        """Wait for a message that `matches`; None when the time is up.

        With `after`, the first one above that id. Without, the newest one that is there already, else the next
        to come: who asks for a code wants the latest.
        """
        deadline = time.monotonic() + timeout_s
        with self._hub.listen(inbox) as listener:
            seen = after or 0
            newest_first = after is None
            while not listener.is_closed:
                async for page in self._pages(inbox, seen, newest_first=newest_first):
                    for listed in page:
                        if matches(listed):
                            return listed
                    seen = max(seen, *(listed.mail.id for listed in page))
                newest_first = False
                left_s = deadline - time.monotonic()
                if left_s <= 0 or not await listener.wait(left_s):
                    return None
        return None

    async def last_id(self, inbox: str) -> int:
        """Return the id of an inbox's newest message, 0 where it is empty."""
        newest = await self._store.list_inbox(inbox, limit=1)
        return newest[0].mail.id if newest else 0

    async def follow(self, inbox: str, after: int) -> AsyncIterator[ListedMail]:
        """Give what is above the id `after`, then what arrives, each message once and in order.

        Ends when the server stops.
        """
        with self._hub.listen(inbox) as listener:
            seen = after
            while not listener.is_closed:
                async for page in self._pages(inbox, seen, newest_first=False):
                    for listed in page:
                        seen = listed.mail.id
                        yield listed
                await listener.wait(None)

    async def delete(self, mail_id: MailId) -> None:
        """Delete a message for all its recipients.

        Raises:
            MessageNotFound: there is none of that id.
        """
        if not await self._store.delete([mail_id]):
            raise MessageNotFound(f"there is no message {mail_id}")

    async def delete_all(self, inbox: str) -> int:
        """Empty an inbox; return how many messages were in it."""
        return await self._store.delete_inbox(inbox)

    async def check(self) -> None:
        """Return if the store answers.

        Raises:
            StoreUnavailable: it does not.
        """
        await self._store.check()

    def close(self) -> None:
        """End every `wait` and `follow`."""
        self._hub.close()

    async def _take_apart(self, row: ListingRow, parse: Callable[[bytes], _T]) -> _T:
        """Read a message and parse it in a thread, large ones one at a time.

        Parsing holds the interpreter's lock. The event loop and the writer wait for it once for each thread that
        wants it as well, many times a commit, and senders with them.
        """
        async with contextlib.AsyncExitStack() as stack:
            if row.mail.size > _LARGE_BYTES:
                await stack.enter_async_context(self._large_at_once)
                stack.enter_context(short_switch_interval())
            return await asyncio.to_thread(parse, await self._store.read_data(row.mail.id))

    def _announce(self, arrivals: Sequence[Arrival]) -> None:
        self._hub.publish(recipient for arrival in arrivals for recipient in arrival.recipients)

    async def _pages(self, inbox: str, after: int, *, newest_first: bool) -> AsyncIterator[list[ListedMail]]:
        """Give all mail above `after`, a page at a time."""
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


async def _summarize(rows: Sequence[ListingRow]) -> list[ListedMail]:
    """Add the summaries that are not made yet, from the messages' heads and off the event loop."""
    heads = [row.head for row in rows if row.summary is None]
    made = iter(await asyncio.to_thread(lambda: [mime.summarize(head) for head in heads]) if heads else ())
    return [ListedMail(row.mail, row.summary or next(made)) for row in rows]
