"""What every store in an SQL database does alike: queries, batches, and arrivals."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Self

from edgemail.errors import MessageNotFound, StoreReadOnly, StoreUnavailable
from edgemail.model import MailId
from edgemail.store import encoding, json_sql, schema
from edgemail.store.base import Aged, Arrival, MailCounts, Usage
from edgemail.store.other_programs import Lookout
from edgemail.store.query_sql import write_conditions
from edgemail.store.sql_webhook_queue import SqlWebhookQueue
from edgemail.store.trim import InboxLimits, SourceMemory

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Sequence
    from contextlib import AbstractContextManager

    from edgemail.model import Envelope
    from edgemail.store.base import JsonPage, ListingRow, SmallMail, SourceShare
    from edgemail.store.group_commit import GroupCommit
    from edgemail.store.query import MailQuery

    Row = tuple[Any, ...]

DELETE_ROWS = 100
"""How many messages one transaction deletes, at most: senders wait for the same writer."""

_CHANGES = 500
"""How many statements one transaction has, at most, that marks or tags mail."""

_LOOK_ROWS = 500
_LOOKS = 4
"""Behind so many batches of other programs' mail that nobody has waited for, it is told of as a whole."""


class SqlMailbox(ABC):
    """The part of a `Mailbox` that is the same on every SQL database.

    A store adds how a statement is run, how a batch is written, and how a whole message is read.
    """

    _commits: GroupCommit
    """Set by each store, with bounds of its own."""

    def __init__(self, *, read_only: bool, look_s: float) -> None:
        """With `read_only` every method that writes raises `StoreReadOnly`.

        Look for other programs' mail every `look_s` while that is wanted.
        """
        self._read_only = read_only
        self._observers: list[Callable[[Sequence[Arrival]], None]] = []
        self._sources = SourceMemory()
        self._lookout = Lookout(self._look, look_s)
        self._seen = 0
        """Up to this id all mail has been announced, or came before anybody wanted to know."""
        self._own: set[MailId] = set()
        """Ids above `_seen` that this store committed and announced itself."""
        self.webhook_queue = SqlWebhookQueue(self._query, self._change_all)

    def add(self, envelope: Envelope) -> asyncio.Future[MailId]:
        """See `Mailbox.add`."""
        if self._read_only:
            raise StoreReadOnly
        return self._commits.add(envelope)

    @property
    def json_listings(self) -> Self:
        """See `Mailbox.json_listings`."""
        return self

    def watch(self, observer: Callable[[Sequence[Arrival]], None]) -> None:
        """See `Mailbox.watch`."""
        self._observers.append(observer)

    def follow_others(self) -> AbstractContextManager[None]:
        """See `Mailbox.follow_others`."""
        return self._lookout.wanted()

    async def list_inbox(
        self, inbox: str, *, limit: int, before: int | None = None, after: int = 0, oldest_first: bool = False
    ) -> list[ListingRow]:
        """See `Mailbox.list_inbox`."""
        statement = schema.LIST_OLDEST_FIRST if oldest_first else schema.LIST_NEWEST_FIRST
        rows = await self._query(statement, inbox, schema.UNBOUNDED_ID if before is None else before, after, limit)
        return [encoding.read_listing_row(row, inbox) for row in rows]

    async def search_inbox(
        self, inbox: str, terms: Sequence[str], *, limit: int, before: int | None = None
    ) -> list[ListingRow]:
        """See `Mailbox.search_inbox`."""
        last = schema.UNBOUNDED_ID if before is None else before
        rows = await self._query(schema.SEARCH, inbox, last, *encoding.write_terms(terms), limit)
        return [encoding.read_listing_row(row, inbox) for row in rows]

    async def list_inbox_json(
        self, inbox: str, *, limit: int, before: int | None = None, after: int = 0
    ) -> JsonPage | None:
        """See `JsonListings.list_inbox_json`."""
        values = json_sql.bind_page(inbox, limit=limit, before=before, after=after)
        (row,) = await self._query(json_sql.LIST, *values)
        return json_sql.read_page(row)

    async def search_inbox_json(
        self, inbox: str, terms: Sequence[str], *, limit: int, before: int | None = None
    ) -> JsonPage | None:
        """See `JsonListings.search_inbox_json`."""
        (row,) = await self._query(
            json_sql.SEARCH, *json_sql.bind_page(inbox, limit=limit, before=before, terms=terms)
        )
        return json_sql.read_page(row)

    async def list_mail(
        self, *, limit: int, before: int | None = None, after: int = 0, oldest_first: bool = False
    ) -> list[ListingRow]:
        """See `Mailbox.list_mail`."""
        statement = schema.LIST_MAIL_OLDEST_FIRST if oldest_first else schema.LIST_MAIL_NEWEST_FIRST
        rows = await self._query(statement, schema.UNBOUNDED_ID if before is None else before, after, limit)
        return [encoding.read_listing_row(row) for row in rows]

    async def search_mail(
        self, query: MailQuery, *, limit: int, before: int | None = None, after: int = 0, offset: int = 0
    ) -> list[ListingRow]:
        """See `Mailbox.search_mail`."""
        conditions, values = write_conditions(query)
        last = schema.UNBOUNDED_ID if before is None else before
        rows = await self._query(schema.search_mail(conditions), last, after, *values, limit, offset)
        return [encoding.read_listing_row(row) for row in rows]

    async def find_mail(
        self, query: MailQuery, *, limit: int, before: int | None = None, after: int = 0
    ) -> list[MailId]:
        """See `Mailbox.find_mail`."""
        conditions, values = write_conditions(query)
        last = schema.UNBOUNDED_ID if before is None else before
        rows = await self._query(schema.find_mail(conditions), last, after, *values, limit, 0)
        return [MailId(mail_id) for (mail_id,) in rows]

    async def read_words(self, *, after: int, before: int) -> dict[MailId, str]:
        """See `Mailbox.read_words`."""
        return {MailId(mail_id): words for mail_id, words in await self._query(schema.READ_WORDS, after, before)}

    async def count_mail(self, query: MailQuery, *, before: int | None = None) -> MailCounts:
        """See `Mailbox.count_mail`."""
        conditions, values = write_conditions(query)
        last = schema.UNBOUNDED_ID if before is None else before
        ((messages, read),) = await self._query(schema.count_mail(conditions), last, *values)
        return MailCounts(messages, messages - read)

    async def mark(self, mail_ids: Sequence[MailId], *, is_read: bool) -> int:
        """See `Mailbox.mark`."""
        statement = schema.MARK_READ if is_read else schema.MARK_UNREAD
        return sum(await self._change_all([(statement, (mail_id,)) for mail_id in mail_ids]))

    async def set_tags(self, mail_ids: Sequence[MailId], tags: Sequence[str]) -> int:
        """See `Mailbox.set_tags`."""
        self._require_writable()
        found = 0
        for start in range(0, len(mail_ids), DELETE_ROWS):
            some = mail_ids[start : start + DELETE_ROWS]
            rows = await self._query(schema.find_ids(len(some)), *some)
            changes: list[tuple[str, tuple[Any, ...]]] = []
            for row in rows:
                changes.append((schema.DROP_TAGS, row))
                changes += [(schema.ADD_TAG, (*row, tag)) for tag in tags]
            await self._change_all(changes)
            found += len(rows)
        return found

    async def rename_tag(self, name: str, new_name: str | None) -> int:
        """See `Mailbox.rename_tag`."""
        self._require_writable()
        if name == new_name:
            return 0
        renamed, before = 0, schema.UNBOUNDED_ID
        while rows := await self._query(schema.LIST_TAGGED, name, before, DELETE_ROWS):
            adding = [] if new_name is None else [(schema.ADD_TAG, (mail_id, new_name)) for (mail_id,) in rows]
            await self._change_all(adding + [(schema.DROP_TAG, (mail_id, name)) for (mail_id,) in rows])
            renamed += len(rows)
            before = rows[-1][0]
        return renamed

    async def count_read(self) -> int:
        """See `Mailbox.count_read`."""
        ((count,),) = await self._query(schema.COUNT_READ)
        return int(count)

    async def list_tags(self, limit: int) -> dict[str, int]:
        """See `Mailbox.list_tags`."""
        return dict(await self._query(schema.LIST_TAGS, limit))

    async def _change_all(self, changes: Sequence[tuple[str, tuple[Any, ...]]]) -> list[int]:
        """Run statements that write, in batches; return how many rows each has changed."""
        self._require_writable()
        changed: list[int] = []
        for start in range(0, len(changes), _CHANGES):
            changed += await self._change_some(changes[start : start + _CHANGES])
        return changed

    async def read_row(self, mail_id: MailId) -> ListingRow:
        """See `Mailbox.read_row`."""
        for row in await self._query(schema.READ_ROW, mail_id):
            return encoding.read_listing_row(row)
        raise MessageNotFound(f"there is no message {mail_id}")

    async def read_small(self, mail_id: MailId, inbox: str | None = None) -> SmallMail:
        """See `Mailbox.read_small`."""
        return encoding.read_small(await self._query(*encoding.ask_small(mail_id, inbox)), mail_id, inbox)

    async def delete(self, mail_ids: Sequence[MailId], *, may_return: bool = False) -> int:
        """See `Mailbox.delete`."""
        self._require_writable()
        deleted = 0
        for start in range(0, len(mail_ids), DELETE_ROWS):
            deleted += await self._delete_batch(mail_ids[start : start + DELETE_ROWS], may_return=may_return)
        return deleted

    async def delete_inbox(self, inbox: str) -> int:
        """See `Mailbox.delete_inbox`."""
        self._require_writable()
        deleted, has_more = 0, True
        while has_more:
            mail_ids = [mail_id for (mail_id,) in await self._query(schema.LIST_INBOX_IDS, inbox, DELETE_ROWS)]
            deleted += await self._take_out_some(inbox, mail_ids, may_return=False)
            has_more = len(mail_ids) == DELETE_ROWS
        return deleted

    async def delete_from_inbox(self, inbox: str, mail_id: MailId) -> bool:
        """See `Mailbox.delete_from_inbox`. A miss only reads, so it never waits for the writer."""
        self._require_writable()
        if not await self._query(schema.FIND_IN_INBOX, inbox, mail_id):
            return False
        return await self._take_out_some(inbox, [mail_id], may_return=False) > 0

    async def trim_inboxes(
        self,
        inboxes: Sequence[str],
        *,
        max_messages: int | None,
        max_bytes: int | None,
        share: SourceShare | None = None,
    ) -> list[Usage]:
        """See `Mailbox.trim_inboxes`."""
        self._require_writable()
        chosen = await self._choose_excess(inboxes, InboxLimits(max_messages, max_bytes, share))
        for inbox, (gone, _) in zip(inboxes, chosen, strict=True):
            for start in range(0, len(gone), DELETE_ROWS):
                await self._take_out_some(inbox, gone[start : start + DELETE_ROWS], may_return=True)
        return [left for _, left in chosen]

    async def measure(self) -> Usage:
        """See `Mailbox.measure`."""
        for messages, size in await self._query(schema.MEASURE):
            return Usage(messages, size)
        raise StoreUnavailable("the table `usage` is empty")

    async def list_oldest(self, limit: int) -> list[Aged]:
        """See `Mailbox.list_oldest`."""
        rows = await self._query(schema.LIST_OLDEST, limit)
        return [Aged(MailId(mail_id), encoding.read_date(date), size) for mail_id, date, size in rows]

    async def check(self) -> None:
        """See `Mailbox.check`."""
        await self._query(schema.CHECK)

    @abstractmethod
    async def _query(self, statement: str, *bindings: Any) -> list[Row]:
        """Run a statement that reads; return all of its rows."""

    @abstractmethod
    async def _change_some(self, changes: Sequence[tuple[str, tuple[Any, ...]]]) -> list[int]:
        """Run statements that write in one transaction, without a sync; return what each has changed."""

    @abstractmethod
    async def _delete_batch(self, mail_ids: Sequence[MailId], *, may_return: bool) -> int:
        """Delete messages in one transaction; return how many there were."""

    @abstractmethod
    async def _take_out_some(self, inbox: str, mail_ids: Sequence[MailId], *, may_return: bool) -> int:
        """Take messages out of an inbox, in one transaction; return how many were there."""

    @abstractmethod
    async def _choose_excess(
        self, inboxes: Sequence[str], limits: InboxLimits
    ) -> Sequence[tuple[Sequence[MailId], Usage]]:
        """Choose what has to leave each inbox; return it, and what stays there."""

    @abstractmethod
    async def _look(self) -> None:
        """Announce what other programs have committed since the last look."""

    async def _find_arrivals(self, query: Callable[..., Awaitable[list[Row]]]) -> None:
        """Announce all mail above `_seen` that other programs committed, as `query` finds it."""
        for _ in range(_LOOKS):
            rows = await query(schema.LIST_ARRIVALS, self._seen, _LOOK_ROWS)
            self._announce(
                [
                    Arrival(MailId(mail_id), encoding.read_recipients(recipients), size)
                    for mail_id, recipients, size in rows
                    if mail_id not in self._own
                ]
            )
            if rows:
                self._pass(rows[-1][0])
            if len(rows) < _LOOK_ROWS:
                return
        ((last,),) = await query(schema.LAST_ID)
        self._begin_anew(last)

    def _begin_anew(self, last_id: int) -> None:
        """Go on behind an id, and announce that anything may have come before."""
        self._seen = last_id
        self._own.clear()
        for observer in self._observers:
            observer([])

    def _pass(self, mail_id: int) -> None:
        """Note that mail up to an id needs no look any more."""
        self._seen = max(self._seen, mail_id)
        self._own = {own for own in self._own if own > self._seen}

    def _announce_batch(self, mail_ids: Sequence[MailId], batch: Sequence[Envelope]) -> None:
        """Tell the observers what this store has just committed."""
        if self._lookout.is_on:
            self._own.update(mail_ids)
        elif mail_ids:
            self._pass(mail_ids[-1])  # what others put in before that, nobody has waited for
        self._announce(
            [
                Arrival(mail_id, envelope.recipients, envelope.size)
                for mail_id, envelope in zip(mail_ids, batch, strict=True)
            ]
        )

    def _announce(self, arrivals: Sequence[Arrival]) -> None:
        if arrivals:
            for observer in self._observers:
                observer(arrivals)

    def _require_writable(self) -> None:
        if self._read_only:
            raise StoreReadOnly
