"""What senders and readers do with mail: deliver, list, search, read, wait, delete."""

from __future__ import annotations

import contextlib
import time
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from edgemail import mime
from edgemail.errors import MessageNotFound
from edgemail.mailbox.all_mail import ALL_MAIL, AllMail
from edgemail.mailbox.arrivals import ArrivalNotifier
from edgemail.mailbox.attached import find_attachment, find_message
from edgemail.mailbox.reading import MessageReader, ReadLimits
from edgemail.system.folding import fold

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Hashable, Mapping, Sequence

    from edgemail.mailbox.arrivals import SharedPage, Subscription
    from edgemail.mailbox.attached import AttachmentPath
    from edgemail.mailbox.results import Result
    from edgemail.model import Attachment, Code, Envelope, ListedMail, MailId, ParsedMessage, StoredMail
    from edgemail.store.base import Arrival, JsonPage, Mailbox

_T = TypeVar("_T")

PAGE_MAX = 200
"""The most messages in one page of a listing."""

_ID_MAX = 2**63 - 1
_OUTLINED_MAX = 50
"""A row of a new message brings 16 KiB of it."""
_FOLLOWED_MAX = 50
"""The most messages that those who wait or follow read at a time."""


class Inbox:
    """The operations on mail, over any store.

    Those that parse mail may raise `TooBusy`.
    """

    def __init__(
        self, store: Mailbox, limits: ReadLimits | None = None, refuse: Callable[[str], None] = lambda _: None
    ) -> None:
        """`refuse` is called with the reason for each reader that is refused."""
        self._store = store
        self._notifier = ArrivalNotifier(store.follow_others)
        self._reader = MessageReader(store, limits or ReadLimits(), refuse)
        self.fresh_summaries = self._reader.fresh
        store.watch(self._announce)
        self.all_mail = AllMail(store, self._reader, self._notifier, refuse)

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
        return await self._reader.summarize(rows)

    async def list_json(
        self, inbox: str, *, limit: int, before: int | None = None, after: int = 0
    ) -> JsonPage | None:
        """List as `list_page` does, as JSON; return None where that has to be called instead."""
        return await self._store.json_listings.list_inbox_json(
            inbox, limit=min(limit, PAGE_MAX), before=before, after=after
        )

    async def search_json(self, inbox: str, text: str, *, limit: int, before: int | None = None) -> JsonPage | None:
        """Find as `search` does, as JSON; return None where that has to be called instead."""
        return await self._store.json_listings.search_inbox_json(
            inbox, fold(text).split(), limit=min(limit, PAGE_MAX), before=before
        )

    async def outline(self, inbox: str, *, limit: int) -> AsyncGenerator[StoredMail, None]:
        """Give the newest messages of an inbox, newest first, without a look at what is in them."""
        before: int | None = None
        while limit > 0:
            asked = min(limit, _OUTLINED_MAX)
            rows = await self._store.list_inbox(inbox, limit=asked, before=before)
            for row in rows:
                yield row.mail
            if len(rows) < asked:
                return
            before = rows[-1].mail.id
            limit -= asked

    async def search(
        self, inbox: str, text: str, *, limit: int, before: int | None = None
    ) -> tuple[list[ListedMail], int | None]:
        """Find mail of an inbox that has every word of `text`, folded, as a part of its own words.

        Returns a page, newest first, and the value of `before` for the next page (None at the end).
        A page may have fewer than `limit` messages, or none, although more pages follow.
        """
        terms = fold(text).split()
        limit = min(limit, PAGE_MAX)
        rows = await self._store.search_inbox(inbox, terms, limit=limit + 1, before=before)
        listed = await self._reader.summarize(rows[:limit])
        fresh = {row.mail.id for row in rows if row.summary is None}
        found = [
            message
            for message in listed
            if message.mail.id not in fresh or all(term in message.summary.words for term in terms)
        ]
        return found, rows[limit - 1].mail.id if len(rows) > limit else None

    async def read(
        self,
        mail_id: MailId,
        write: Callable[[ParsedMessage, int], Sequence[bytes]],
        inbox: str | None = None,
        *,
        path: AttachmentPath = (),
    ) -> tuple[StoredMail, Result[None]]:
        """Parse a message; return its row, and what `write` makes of it and its size in a worker thread.

        With a `path`, the message that is attached there is parsed instead.

        The result is kept for other readers, whatever their address. So `write` depends on its
        arguments alone, is the same function each time, and leaves out the envelope.

        With `inbox`, as in the two methods below, only a message of that inbox is found, and the
        row names that recipient alone.

        Raises:
            MessageNotFound: no message has this id.
            AttachmentNotFound: no message is attached at `path`.
        """

        def parse(data: bytes, codes: tuple[Code, ...] | None = None) -> tuple[None, Sequence[bytes]]:
            octets = find_message(data, path) if path else data
            return None, write(mime.read(octets, None if path else codes), len(octets))

        part = (write, path)
        if (found := await self._reader.read_small(mail_id, inbox, part, parse)) is not None:
            return found
        mail = await self._find(mail_id, inbox)
        return mail, await self._reader.open(mail, part, parse)

    async def derive(
        self,
        mail_id: MailId,
        make: Callable[[bytes], tuple[_T, Sequence[bytes]]],
        part: Hashable = None,
        inbox: str | None = None,
    ) -> tuple[StoredMail, Result[_T]]:
        """Return a message's row, and what `make` makes of its octets in a worker thread.

        The result is kept for who asks for the same `part`. So `make` depends on its argument and on
        `part` alone, and is told apart from others by its module and name. With `inbox`, only a message
        of that inbox is found.

        Raises:
            MessageNotFound: no message has this id.
            Exception: what `make` raises.
        """
        mail = await self._find(mail_id, inbox)
        return mail, await self._reader.read(
            mail, (make.__module__, make.__qualname__, part), make, is_attachment=part is not None
        )

    async def read_raw(self, mail_id: MailId, inbox: str | None = None) -> tuple[StoredMail, AsyncIterator[bytes]]:
        """Read a message, octet for octet: its row, and its pieces as they are asked for.

        The pieces end with `MessageNotFound` where the message is deleted meanwhile.

        Raises:
            MessageNotFound: no message has this id.
        """
        found = await self._store.read_small(mail_id, inbox)
        return found.mail, self._store.read_pieces(mail_id) if found.data is None else _give(found.data)

    async def read_attachment(
        self, mail_id: MailId, path: AttachmentPath, inbox: str | None = None
    ) -> Result[Attachment]:
        """Read one attachment, decoded.

        Raises:
            MessageNotFound: no message has this id.
            AttachmentNotFound: the message has no attachment at this path.
        """
        mail = await self._find(mail_id, inbox)

        def parse(data: bytes) -> tuple[Attachment, Sequence[bytes]]:
            attachment, content = find_attachment(data, path)
            return attachment, (content,)

        return await self._reader.read(mail, path, parse, is_attachment=True)

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
            if after is None:
                async for page in self._pages_down(inbox):
                    for listed in page:
                        if matches(listed):
                            return listed
                    seen = max(seen, page[0].mail.id)
            while not subscription.is_closed:
                async for news in self._news(subscription, inbox, seen):
                    for listed in news.listed:
                        if matches(listed):
                            return listed
                    seen = news.listed[-1].mail.id
                left_s = deadline - time.monotonic()
                if left_s <= 0 or not await subscription.wait(left_s):
                    return None
        return None

    async def last_id(self, inbox: str) -> int:
        """Return the id of the newest message of an inbox, 0 for an empty inbox."""
        newest = await self._store.list_inbox(inbox, limit=1)
        return newest[0].mail.id if newest else 0

    async def follow(
        self, inbox: str, after: int, *, quiet_s: float | None = None
    ) -> AsyncGenerator[SharedPage | None, None]:
        """Yield messages above the id `after`, then new ones as they arrive, each once, in order.

        Yields None whenever nothing came for `quiet_s`. Ends when the server stops.
        """
        async with aclosing(self.follow_all({inbox: after}, quiet_s=quiet_s)) as following:
            async for news in following:
                yield None if news is None else news[1]

    async def follow_all(
        self, after: Mapping[str, int], *, quiet_s: float | None = None
    ) -> AsyncGenerator[tuple[str, SharedPage] | None, None]:
        """Follow several inboxes, each from its own id on; see `follow`.

        Yields the inbox with each page. Inboxes with much mail take turns.
        """
        seen = dict(after)
        unread = dict.fromkeys(seen)  # in the order in which they are read
        with self._notifier.subscribe_all(seen) as subscriptions:
            while not subscriptions.is_closed:
                unread.update(dict.fromkeys(subscriptions.take_news()))
                if not unread:
                    if not await subscriptions.wait(quiet_s):
                        yield None
                    continue
                inbox = next(iter(unread))
                del unread[inbox]
                page = await subscriptions.read(inbox, seen[inbox], partial(self._list_after, inbox))
                if page.listed:
                    seen[inbox] = page.listed[-1].mail.id
                    yield inbox, page
                if len(page.listed) == _FOLLOWED_MAX:
                    unread[inbox] = None

    async def has(self, inbox: str, mail_id: MailId) -> bool:
        """Return True if a message is in an inbox."""
        with contextlib.suppress(MessageNotFound):
            await self._find(mail_id, inbox)
            return True
        return False

    async def delete(self, mail_id: MailId) -> None:
        """Delete a message for all its recipients.

        Raises:
            MessageNotFound: no message has this id.
        """
        if not await self._store.delete([mail_id]):
            raise MessageNotFound(f"there is no message {mail_id}")
        self.all_mail.forget([mail_id])

    async def delete_from(self, inbox: str, mail_id: MailId) -> None:
        """Delete a message from one inbox; other recipients keep their copies.

        Raises:
            MessageNotFound: the inbox has no message with this id.
        """
        if not await self._store.delete_from_inbox(inbox, mail_id):
            raise MessageNotFound(f"there is no message {mail_id}")
        self._notifier.forget(inbox)
        self._reader.forget(mail_id)
        self.all_mail.changes.reload()

    async def delete_all(self, inbox: str) -> int:
        """Delete all mail of an inbox; return the number of messages that it had."""
        deleted = await self._store.delete_inbox(inbox)
        self._notifier.forget(inbox)
        if deleted:
            self.all_mail.changes.reload()
        return deleted

    async def check(self) -> None:
        """Return once the store has answered.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        await self._store.check()

    def close(self) -> None:
        """End every `wait` and `follow`, those of all mail too."""
        self._notifier.close()
        self.all_mail.changes.close()

    async def _find(self, mail_id: MailId, inbox: str | None) -> StoredMail:
        """Read a message's row, in any inbox or in one.

        In one inbox, a message of somebody else costs the same look-up as one that does not exist.
        """
        if inbox is None:
            return (await self._store.read_row(mail_id)).mail
        rows = await self._store.list_inbox(
            inbox, limit=1, before=min(mail_id + 1, _ID_MAX), after=mail_id - 1, oldest_first=True
        )
        if not rows:
            raise MessageNotFound(f"there is no message {mail_id}")
        return rows[0].mail

    def _announce(self, arrivals: Sequence[Arrival]) -> None:
        if not arrivals:
            self._notifier.publish_all()
            return
        self._notifier.publish(recipient for arrival in arrivals for recipient in arrival.recipients)
        self._notifier.publish((ALL_MAIL,))

    async def _pages_down(self, inbox: str) -> AsyncIterator[list[ListedMail]]:
        """Yield all mail of an inbox, newest first, page by page."""
        before: int | None = None
        while page := await self.list_page(inbox, limit=PAGE_MAX, before=before):
            yield page
            if len(page) < PAGE_MAX:
                return
            before = page[-1].mail.id

    async def _news(self, subscription: Subscription, inbox: str, after: int) -> AsyncIterator[SharedPage]:
        """Yield all mail above `after`, oldest first, in pages that other readers share."""
        while (page := await subscription.read(after, partial(self._list_after, inbox))).listed:
            yield page
            if len(page.listed) < _FOLLOWED_MAX:
                return
            after = page.listed[-1].mail.id

    async def _list_after(self, inbox: str, after: int) -> list[ListedMail]:
        return await self.list_page(inbox, limit=_FOLLOWED_MAX, after=after, oldest_first=True)


async def _give(data: bytes) -> AsyncIterator[bytes]:
    yield data
