"""The memory store: for tests and CI. It opens at once, and all mail is lost when the program ends.

Everything happens on the event loop, so no method sees a change half done.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Self

from edgemail.errors import MessageNotFound
from edgemail.model import MailId, StoredMail
from edgemail.store import encoding, schema
from edgemail.store.base import SMALL_MAX_BYTES, Aged, Arrival, JsonPage, ListingRow, MailCounts, SmallMail, Usage
from edgemail.store.group_commit import GroupCommit, load_spooled
from edgemail.store.memory_webhook_queue import MemoryWebhookQueue
from edgemail.store.message_json import list_fields
from edgemail.store.query import Searched, make_fields, matches
from edgemail.store.trim import HEAD_BYTES, InboxLimits, SourceMemory
from edgemail.system.piece_turns import PieceTurns

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from edgemail.model import Envelope, Summary
    from edgemail.store.base import SourceShare
    from edgemail.store.query import MailQuery, SearchFields
    from edgemail.system.metrics import CommitCounters

_BATCH_ROWS = 1000
_BATCH_BYTES = 32 * 2**20
_WAITING_BYTES = 512 * 2**20
_HEAD_BYTES = 16384
_PIECE_BYTES = 64 * 1024


@dataclass(slots=True)
class _Message:
    """A message, and the inboxes that still have it."""

    mail: StoredMail
    data: bytes
    inboxes: set[str]
    summary: Summary | None = None
    words: str = ""
    source: str | None = None
    fields: SearchFields | None = None
    is_read: bool = False
    tags: tuple[str, ...] = ()


class MemoryStore:
    """A `Mailbox` in this process's memory."""

    def __init__(self, *, max_wait_s: float = math.inf, counters: CommitCounters | None = None) -> None:
        """Begin empty. A message that has waited for more than `max_wait_s` is refused."""
        self._observers: list[Callable[[Sequence[Arrival]], None]] = []
        self._messages: dict[MailId, _Message] = {}
        self._inboxes: dict[str, list[MailId]] = {}
        self._unsummarized: dict[MailId, None] = {}
        self._sources = SourceMemory()
        self._size = 0
        self._last_id = 0
        self._piece_turns = PieceTurns()
        self.webhook_queue = MemoryWebhookQueue(lambda: self._last_id, self._look_at)
        self._commits = GroupCommit(
            self._commit,
            max_rows=_BATCH_ROWS,
            max_bytes=_BATCH_BYTES,
            max_waiting_bytes=_WAITING_BYTES,
            max_wait_s=max_wait_s,
            counters=counters,
        )

    @property
    def blocking(self) -> None:
        """See `Mailbox.blocking`."""
        return

    @property
    def disk(self) -> None:
        """See `Mailbox.disk`."""
        return

    @property
    def json_listings(self) -> Self:
        """See `Mailbox.json_listings`."""
        return self

    def add(self, envelope: Envelope) -> asyncio.Future[MailId]:
        """See `Mailbox.add`."""
        return self._commits.add(envelope)

    def watch(self, observer: Callable[[Sequence[Arrival]], None]) -> None:
        """See `Mailbox.watch`."""
        self._observers.append(observer)

    def follow_others(self) -> AbstractContextManager[None]:
        """See `Mailbox.follow_others`: no other program sees this memory."""
        return nullcontext()

    async def list_inbox(
        self, inbox: str, *, limit: int, before: int | None = None, after: int = 0, oldest_first: bool = False
    ) -> list[ListingRow]:
        """See `Mailbox.list_inbox`."""
        mail_ids = self._find_between(inbox, before, after)
        chosen = mail_ids[:limit] if oldest_first else mail_ids[::-1][:limit]
        return [_make_row(self._messages[mail_id], inbox) for mail_id in chosen]

    async def search_inbox(
        self, inbox: str, terms: Sequence[str], *, limit: int, before: int | None = None
    ) -> list[ListingRow]:
        """See `Mailbox.search_inbox`."""
        found = (
            _make_row(message, inbox)
            for message in map(self._messages.__getitem__, reversed(self._find_between(inbox, before, 0)))
            if message.summary is None or all(term in message.words for term in terms[: schema.TERMS_MAX])
        )
        return list(islice(found, limit))

    async def list_inbox_json(
        self, inbox: str, *, limit: int, before: int | None = None, after: int = 0
    ) -> JsonPage | None:
        """See `JsonListings.list_inbox_json`."""
        return _write_page(await self.list_inbox(inbox, limit=limit + 1, before=before, after=after), limit)

    async def search_inbox_json(
        self, inbox: str, terms: Sequence[str], *, limit: int, before: int | None = None
    ) -> JsonPage | None:
        """See `JsonListings.search_inbox_json`."""
        return _write_page(await self.search_inbox(inbox, terms, limit=limit + 1, before=before), limit)

    async def list_mail(
        self, *, limit: int, before: int | None = None, after: int = 0, oldest_first: bool = False
    ) -> list[ListingRow]:
        """See `Mailbox.list_mail`."""
        if oldest_first:
            chosen = takewhile(lambda message: before is None or message.mail.id < before, self._find_above(after))
        else:
            chosen = takewhile(lambda message: message.mail.id > after, self._find_below(before))
        return [_make_row(message, is_of_all_mail=True) for message in islice(chosen, limit)]

    async def search_mail(
        self, query: MailQuery, *, limit: int, before: int | None = None, after: int = 0, offset: int = 0
    ) -> list[ListingRow]:
        """See `Mailbox.search_mail`."""
        found = takewhile(lambda message: message.mail.id > after, self._find_matching(query, before))
        return [_make_row(message, is_of_all_mail=True) for message in islice(found, offset, offset + limit)]

    async def find_mail(
        self, query: MailQuery, *, limit: int, before: int | None = None, after: int = 0
    ) -> list[MailId]:
        """See `Mailbox.find_mail`."""
        found = takewhile(lambda message: message.mail.id > after, self._find_matching(query, before))
        return [message.mail.id for message in islice(found, limit)]

    async def read_words(self, *, after: int, before: int) -> dict[MailId, str]:
        """See `Mailbox.read_words`."""
        return {
            MailId(mail_id): message.words
            for mail_id in range(after + 1, before)
            if (message := self._messages.get(MailId(mail_id))) is not None and message.summary is not None
        }

    async def count_mail(self, query: MailQuery, *, before: int | None = None) -> MailCounts:
        """See `Mailbox.count_mail`."""
        states = [message.is_read for message in self._find_matching(query, before)]
        return MailCounts(len(states), states.count(False))

    async def mark(self, mail_ids: Sequence[MailId], *, is_read: bool) -> int:
        """See `Mailbox.mark`."""
        messages = [message for mail_id in set(mail_ids) if (message := self._messages.get(mail_id))]
        changed = [message for message in messages if message.is_read != is_read]
        for message in changed:
            message.is_read = is_read
        return len(changed)

    async def set_tags(self, mail_ids: Sequence[MailId], tags: Sequence[str]) -> int:
        """See `Mailbox.set_tags`."""
        messages = [message for mail_id in set(mail_ids) if (message := self._messages.get(mail_id))]
        for message in messages:
            message.tags = tuple(sorted(set(tags)))
        return len(messages)

    async def rename_tag(self, name: str, new_name: str | None) -> int:
        """See `Mailbox.rename_tag`."""
        tagged = [message for message in self._messages.values() if name in message.tags and name != new_name]
        for message in tagged:
            others = set(message.tags) - {name}
            message.tags = tuple(sorted(others if new_name is None else others | {new_name}))
        return len(tagged)

    async def count_read(self) -> int:
        """See `Mailbox.count_read`."""
        return sum(message.is_read for message in self._messages.values())

    async def list_tags(self, limit: int) -> dict[str, int]:
        """See `Mailbox.list_tags`."""
        counts = Counter(tag for message in self._messages.values() for tag in message.tags)
        return dict(sorted(counts.items())[:limit])

    async def read_row(self, mail_id: MailId) -> ListingRow:
        """See `Mailbox.read_row`."""
        return _make_row(self._find(mail_id))

    async def read_small(self, mail_id: MailId, inbox: str | None = None) -> SmallMail:
        """See `Mailbox.read_small`."""
        if inbox is not None and not self._find_between(inbox, mail_id + 1, mail_id - 1):
            raise MessageNotFound(f"there is no message {mail_id}")
        message = self._find(mail_id)
        mail = message.mail if inbox is None else replace(message.mail, recipients=(inbox,))
        data = message.data if mail.size <= SMALL_MAX_BYTES else None
        return SmallMail(mail, data, None if message.summary is None else message.summary.codes)

    async def read_data(self, mail_id: MailId) -> bytes:
        """See `Mailbox.read_data`."""
        return self._find(mail_id).data

    async def read_pieces(self, mail_id: MailId) -> AsyncIterator[bytes]:
        """See `Mailbox.read_pieces`."""
        for start in range(0, max(1, self._find(mail_id).mail.size), _PIECE_BYTES):
            if start:
                await self._piece_turns.wait()
            if piece := self._find(mail_id).data[start : start + _PIECE_BYTES]:
                yield piece

    async def delete(self, mail_ids: Sequence[MailId], *, may_return: bool = False) -> int:
        """See `Mailbox.delete`."""
        del may_return  # after a power cut there is nothing at all
        return sum(self._delete(mail_id) for mail_id in mail_ids)

    async def delete_inbox(self, inbox: str) -> int:
        """See `Mailbox.delete_inbox`."""
        count = len(self._inboxes.get(inbox, ()))
        self._take_out_between(inbox, 0, count)
        return count

    async def delete_from_inbox(self, inbox: str, mail_id: MailId) -> bool:
        """See `Mailbox.delete_from_inbox`."""
        mail_ids = self._inboxes.get(inbox, [])
        start = bisect_left(mail_ids, mail_id)
        if mail_ids[start : start + 1] != [mail_id]:
            return False
        self._take_out_between(inbox, start, start + 1)
        return True

    async def trim_inboxes(
        self,
        inboxes: Sequence[str],
        *,
        max_messages: int | None,
        max_bytes: int | None,
        share: SourceShare | None = None,
    ) -> list[Usage]:
        """See `Mailbox.trim_inboxes`."""
        limits = InboxLimits(max_messages, max_bytes, share)
        usages = []
        for inbox in inboxes:
            messages = [self._messages[mail_id] for mail_id in reversed(self._inboxes.get(inbox, ()))]
            held = self._sources.name((message.mail.id, message.mail.size, message.source) for message in messages)
            heads = {mail_id: self._messages[mail_id].data[:HEAD_BYTES] for mail_id in limits.list_unknown(held)}
            gone, left = limits.choose(held, self._sources.learn(share, heads))
            for mail_id in gone:
                await self.delete_from_inbox(inbox, mail_id)
            usages.append(left)
        return usages

    async def list_unsummarized(self, after: int, *, max_rows: int, max_bytes: int) -> list[tuple[MailId, bytes]]:
        """See `Mailbox.list_unsummarized`."""
        found: list[tuple[MailId, bytes]] = []
        size = 0
        for mail_id in islice((mail_id for mail_id in self._unsummarized if mail_id > after), max_rows):
            message = self._messages[mail_id]
            found.append((mail_id, message.data[:max_bytes]))
            size += message.mail.size
            if size > max_bytes:
                break
        return found

    async def add_summaries(self, summaries: Sequence[tuple[MailId, Summary]]) -> None:
        """See `Mailbox.add_summaries`."""
        for mail_id, summary in summaries:
            message = self._messages.get(mail_id)
            if message is not None:
                message.words, message.source = summary.words, summary.source
                message.summary = replace(summary, words="", source="")
                message.fields = make_fields(summary)
                self._unsummarized.pop(mail_id, None)

    async def measure(self) -> Usage:
        """See `Mailbox.measure`."""
        return Usage(len(self._messages), self._size)

    async def list_oldest(self, limit: int) -> list[Aged]:
        """See `Mailbox.list_oldest`."""
        oldest = (message.mail for message in islice(self._messages.values(), limit))
        return [Aged(mail.id, mail.date, mail.size) for mail in oldest]

    async def check(self) -> None:
        """See `Mailbox.check`."""

    async def close(self) -> None:
        """See `Mailbox.close`."""
        await self._commits.drain()

    async def _commit(self, batch: Sequence[Envelope], _since: float) -> list[MailId]:
        arrivals = [self._keep(envelope) for envelope in await load_spooled(batch)]
        for observer in self._observers:
            observer(arrivals)
        return [arrival.id for arrival in arrivals]

    def _keep(self, envelope: Envelope) -> Arrival:
        self._last_id += 1
        mail_id, size = MailId(self._last_id), len(envelope.data)
        date = encoding.read_date(encoding.write_date(envelope.accepted_at))
        sender = "" if envelope.sender is None else str(envelope.sender)
        recipients = tuple(dict.fromkeys(envelope.recipients))
        mail = StoredMail(mail_id, date, sender, recipients, size)
        self._messages[mail_id] = _Message(mail, envelope.data, set(recipients))
        self._unsummarized[mail_id] = None
        self._size += size
        for inbox in recipients:
            self._inboxes.setdefault(inbox, []).append(mail_id)
        return Arrival(mail_id, recipients, size)

    def _find(self, mail_id: MailId) -> _Message:
        try:
            return self._messages[mail_id]
        except KeyError:
            raise MessageNotFound(f"there is no message {mail_id}") from None

    def _look_at(self, mail_id: MailId) -> tuple[StoredMail, bool] | None:
        """Return a message, and whether it has a summary."""
        message = self._messages.get(mail_id)
        return None if message is None else (message.mail, message.summary is not None)

    def _find_above(self, after: int) -> Iterator[_Message]:
        """Yield messages above an id, oldest first."""
        return (message for mail_id, message in self._messages.items() if mail_id > after)

    def _find_below(self, before: int | None) -> Iterator[_Message]:
        """Yield messages below an id, newest first."""
        newest_first = reversed(self._messages.items())
        return (message for mail_id, message in newest_first if before is None or mail_id < before)

    def _find_matching(self, query: MailQuery, before: int | None) -> Iterator[_Message]:
        """Yield messages below an id that have a summary and match, newest first."""
        for message in self._find_below(before):
            if message.fields is not None and matches(
                query, Searched(message.mail, message.fields, message.words, message.is_read, message.tags)
            ):
                yield message

    def _find_between(self, inbox: str, before: int | None, after: int) -> list[MailId]:
        """Return an inbox's ids above `after` and below `before`, oldest first."""
        mail_ids = self._inboxes.get(inbox, [])
        end = len(mail_ids) if before is None else bisect_left(mail_ids, before)
        return mail_ids[bisect_right(mail_ids, after) : end]

    def _take_out_between(self, inbox: str, start: int, end: int) -> None:
        """Take some of an inbox's messages out of it; delete those that no inbox has any more."""
        gone = self._inboxes.get(inbox, [])[start:end]
        self._drop_from_inbox(inbox, start, end)
        for mail_id in gone:
            message = self._messages[mail_id]
            message.inboxes.discard(inbox)
            if not message.inboxes:
                self._delete(mail_id)

    def _delete(self, mail_id: MailId) -> bool:
        """Delete a message for all who still have it; return True if it was there."""
        message = self._messages.pop(mail_id, None)
        if message is None:
            return False
        self._unsummarized.pop(mail_id, None)
        self.webhook_queue.forget(mail_id)
        self._size -= message.mail.size
        for inbox in message.inboxes:
            start = bisect_left(self._inboxes[inbox], mail_id)
            self._drop_from_inbox(inbox, start, start + 1)
        return True

    def _drop_from_inbox(self, inbox: str, start: int, end: int) -> None:
        """Take some of an inbox's ids out of its list; forget an inbox that is empty."""
        if start < end:
            del self._inboxes[inbox][start:end]
            if not self._inboxes[inbox]:
                del self._inboxes[inbox]


def _make_row(message: _Message, inbox: str | None = None, *, is_of_all_mail: bool = False) -> ListingRow:
    """Make a row; of an inbox's listing, name that recipient alone."""
    mail = message.mail if inbox is None else replace(message.mail, recipients=(inbox,))
    head = message.data[:_HEAD_BYTES] if message.summary is None else b""
    if is_of_all_mail:
        return ListingRow(mail, message.summary, head, message.is_read, message.tags)
    return ListingRow(mail, message.summary, head)


def _write_page(rows: Sequence[ListingRow], limit: int) -> JsonPage | None:
    """Write a page of rows, of which the one behind the limit is not in it."""
    from pydantic_core import to_json  # a server that only takes mail needs neither its time nor its memory

    page = rows[:limit]
    objects = [list_fields(row.mail, row.summary) for row in page if row.summary is not None]
    if len(objects) < len(page):
        return None
    return JsonPage(to_json(objects), len(page), page[-1].mail.id if len(rows) > limit else None)
